#include "pkg/agent/guest/input_stream.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {

InputStream::InputStream(EventLoop& loop, base::UniqueFd fd, bool terminal)
    : loop_(loop), fd_(std::move(fd)), terminal_(terminal), nobody_reads_(!fd_.valid()) {}

void InputStream::write(std::string data, Done done) {
    pending_ = std::move(data);
    done_ = std::move(done);
    pump();
}

void InputStream::pump() {
    if (!done_) {
        return;
    }
    while (!pending_.empty()) {
        if (!fd_.valid()) {
            give_up();
            return;
        }
        const ssize_t count = ::write(fd_.get(), pending_.data(), pending_.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            watch_.reset();
            watch_ = loop_.watch(
                fd_.ref(), EPOLLOUT | EPOLLONESHOT, [self = weak_from_this()](std::uint32_t) {
                    if (const auto stream = self.lock()) {
                        stream->pump();
                    }
                });
            return;
        }
        if (count < 0) {
            give_up();
            return;
        }
        pending_.erase(0, static_cast<std::size_t>(count));
    }
    watch_.reset();
    std::exchange(done_, nullptr)(Outcome::written);
}

void InputStream::close() {
    if (!terminal_) {
        watch_.reset();
        fd_.reset();
    }
}

void InputStream::finish() {
    give_up();
}

void InputStream::give_up() {
    watch_.reset();
    fd_.reset();
    nobody_reads_ = true;
    pending_.clear();
    if (done_) {
        std::exchange(done_, nullptr)(Outcome::nobody_reads);
    }
    if (on_nobody_reads_) {
        std::exchange(on_nobody_reads_, nullptr)();
    }
}

void InputStream::attach(std::function<void()> on_nobody_reads) {
    if (attached_) {
        throw base::Error(base::ErrorCode::invalid_state,
                          "cannot write the input of the process: another writer is attached");
    }
    if (nobody_reads_) {
        on_nobody_reads();
        return;
    }
    attached_ = true;
    on_nobody_reads_ = std::move(on_nobody_reads);
}

void InputStream::detach() {
    watch_.reset();
    pending_.clear();
    done_ = nullptr;
    on_nobody_reads_ = nullptr;
    attached_ = false;
}

}  // namespace kata::agent::guest
