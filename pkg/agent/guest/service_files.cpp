#include "pkg/agent/guest/service.h"

namespace kata::agent::guest {
namespace {

FilePiece piece_of(const v1::FilePiece& message) {
    FilePiece piece;
    piece.path = message.path();
    piece.mode = message.mode();
    piece.uid = message.uid();
    piece.gid = message.gid();
    piece.offset = message.offset();
    piece.data = message.data();
    piece.link_of = message.link_of();
    piece.modified_seconds = message.modified_seconds();
    piece.modified_nanoseconds = message.modified_nanoseconds();
    piece.attributes = {message.attributes().begin(), message.attributes().end()};
    return piece;
}

}  // namespace

grpc::ServerUnaryReactor* AgentService::CopyFile(Context* context,
                                                 const v1::CopyFileRequest* request,
                                                 v1::CopyFileResponse*) {
    return run(context, [this, request] {
        for (const v1::FilePiece& piece : request->pieces()) {
            copied_files_.put(piece_of(piece));
        }
    });
}

}  // namespace kata::agent::guest
