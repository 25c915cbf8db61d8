#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/unary_call.h"

namespace kata::agent {
namespace {

void describe(v1::FilePiece& message, const sandbox::GuestFilePiece& piece) {
    message.set_path(piece.path);
    message.set_mode(piece.mode);
    message.set_uid(piece.uid);
    message.set_gid(piece.gid);
    message.set_offset(piece.offset);
    message.set_data(piece.data);
    message.set_link_of(piece.link_of);
    message.set_modified_seconds(piece.modified_seconds);
    message.set_modified_nanoseconds(piece.modified_nanoseconds);
    message.mutable_attributes()->insert(piece.attributes.begin(), piece.attributes.end());
}

}  // namespace

void AgentClient::copy_files(const std::vector<sandbox::GuestFilePiece>& pieces,
                             base::Deadline deadline) {
    v1::CopyFileRequest request;
    for (const sandbox::GuestFilePiece& piece : pieces) {
        describe(*request.add_pieces(), piece);
    }
    unary_call<v1::CopyFileRequest, v1::CopyFileResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncCopyFile,
        request,
        deadline,
        "copy files into the guest");
}

}  // namespace kata::agent
