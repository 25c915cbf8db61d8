#include "pkg/agent/guest/output_stream.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{32} << 10;
// The kernel moves what was written to a terminal to its other side a little later.
constexpr std::chrono::milliseconds kTerminalGrace{50};
constexpr std::size_t kTerminalRestBytes = std::size_t{256} << 10;

std::size_t readable_bytes(const base::UniqueFd& fd) {
    int count = 0;
    return ::ioctl(fd.get(), FIONREAD, &count) == 0 && count > 0 ? static_cast<std::size_t>(count)
                                                                 : 0;
}

}  // namespace

OutputStream::OutputStream(EventLoop& loop,
                           base::UniqueFd fd,
                           bool terminal,
                           std::function<void()> on_settled)
    : loop_(loop), fd_(std::move(fd)), terminal_(terminal), on_settled_(std::move(on_settled)) {}

void OutputStream::attach(std::shared_ptr<Reader> reader) {
    if (reader_) {
        throw base::Error(base::ErrorCode::invalid_state,
                          "cannot read the output of the process: another reader is attached");
    }
    reader_ = std::move(reader);
    delivering_ = false;
    if (fd_.valid()) {
        watch_ = loop_.watch(
            fd_.ref(), EPOLLIN | EPOLLET, [this, self = weak_from_this()](std::uint32_t) {
                if (const auto alive = self.lock()) {
                    pump();
                }
            });
    }
    pump();
}

void OutputStream::detach(const Reader* reader) {
    if (reader_.get() != reader) {
        return;
    }
    watch_.reset();
    if (!terminal_) {
        fd_.reset();
    }
    reader_.reset();
    on_settled_();
}

void OutputStream::taken(const Reader* reader) {
    if (reader_.get() == reader) {
        delivering_ = false;
        pump();
    }
}

void OutputStream::finish() {
    finishing_ = true;
    left_ = terminal_ ? kTerminalRestBytes : readable_bytes(fd_);
    if (terminal_) {
        loop_.call_after(kTerminalGrace, [self = weak_from_this()] {
            if (const auto stream = self.lock()) {
                stream->grace_passed_ = true;
                stream->pump();
            }
        });
    }
    pump();
}

std::size_t OutputStream::chunk_limit() const {
    return finishing_ ? std::min(left_, kChunkBytes) : kChunkBytes;
}

void OutputStream::pump() {
    if (!reader_ || delivering_) {
        return;
    }
    std::string chunk(fd_.valid() ? chunk_limit() : 0, '\0');
    if (chunk.empty()) {
        end();
        return;
    }
    const ssize_t count = ::read(fd_.get(), chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        note_blocked();
        return;
    }
    if (count <= 0) {  // the end; EIO is that of a terminal
        end();
        return;
    }
    chunk.resize(static_cast<std::size_t>(count));
    left_ -= finishing_ ? chunk.size() : 0;
    delivering_ = true;
    reader_->deliver(std::move(chunk));
}

void OutputStream::note_blocked() {
    if (finishing_ && (!terminal_ || grace_passed_)) {
        end();
    }
}

void OutputStream::end() {
    watch_.reset();
    fd_.reset();
    std::exchange(reader_, nullptr)->end();
    on_settled_();
}

}  // namespace kata::agent::guest
