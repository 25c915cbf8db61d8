// Running a callable that must fail, to look at its Error.
#pragma once

#include <optional>

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {

/// The Error that `callable` throws; a test failure and an Error that matches nothing if it does
/// not.
template <typename Callable>
base::Error error_of(Callable callable) {
    try {
        static_cast<void>(callable());
    } catch (const base::Error& error) {
        return error;
    }
    ADD_FAILURE() << "no Error was thrown";
    return {base::ErrorCode::internal, "no Error was thrown"};
}

}  // namespace kata::libvirt_driver
