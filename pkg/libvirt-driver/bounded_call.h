// call_with_deadline: runs a call that cannot be cancelled on a thread of its own and gives up
// waiting at a deadline. The thread is then left behind; whatever the callable captured (by value)
// lives until it returns. Threads started here take no signals: those belong to the main program.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"

namespace kata::libvirt_driver {

/// Runs `body` on a detached thread with every signal blocked. @throws Error if none can be
/// started.
void start_detached_thread(std::function<void()> body);

/// The error of a call that did not come back. @param deadline_seconds how long it was waited for.
[[nodiscard]] base::Error no_answer_error(const std::string& operation, double deadline_seconds);

/// The result of `callable()`; its exception is thrown here.
/// @param operation what is being done, with its object, for the message of a time-out.
/// @throws Error timeout when `deadline` passes first; `callable` may still be running then.
template <typename Callable>
auto call_with_deadline(Callable callable, base::Deadline deadline, const std::string& operation)
    -> std::invoke_result_t<Callable&> {
    using Result = std::invoke_result_t<Callable&>;
    const auto begin = base::Deadline::Clock::now();
    // std::function wants a copyable target, a task is none: hence the shared_ptr.
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(callable));
    std::future<Result> result = task->get_future();
    start_detached_thread([task = std::move(task)] { (*task)(); });
    if (result.wait_until(deadline.when()) != std::future_status::ready) {
        const std::chrono::duration<double> waited = base::Deadline::Clock::now() - begin;
        throw no_answer_error(operation, waited.count());
    }
    return result.get();
}

}  // namespace kata::libvirt_driver
