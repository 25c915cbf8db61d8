// ScopeExit runs a callable when its scope is left, however it is left, unless release() was
// called. The callable must be noexcept: an undo that throws would hide the first error.
#pragma once

#include <type_traits>
#include <utility>

namespace kata::base {

template <typename Callable>
class [[nodiscard]] ScopeExit {
    static_assert(std::is_nothrow_invocable_v<Callable>, "the callable must be noexcept");

  public:
    explicit ScopeExit(Callable callable) : callable_(std::move(callable)) {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ScopeExit(ScopeExit&&) = delete;
    ScopeExit& operator=(ScopeExit&&) = delete;
    ~ScopeExit() {
        if (armed_) {
            callable_();
        }
    }

    /// Success: nothing is to be undone.
    void release() noexcept { armed_ = false; }

  private:
    Callable callable_;
    bool armed_ = true;
};

}  // namespace kata::base
