// Kinds of hosts, and what the checks say of each: the truth table of checks_test.cpp.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "pkg/host/checks.h"
#include "tests/unit/host/fake_host.h"

namespace kata::host {

using Verdicts = std::map<std::string, Verdict>;

inline constexpr Verdict kWarn = Verdict::warn;
inline constexpr Verdict kFail = Verdict::fail;

struct Kind {
    const char* name;
    std::function<void(FakeHost&)> change;  // of the tree
    std::function<void(Host&)> adjust;      // of what no tree shows
    Verdicts other_than_pass;
    Acceleration acceleration = Acceleration::kvm;
    std::function<void(Wanted&)> configure = [](Wanted& /*wanted*/) {};
};

inline void PrintTo(const Kind& kind, std::ostream* stream) {
    *stream << kind.name;
}

inline void nothing(FakeHost& /*tree*/) {}
inline void as_probed(Host& /*host*/) {}

// kinds_machine.cpp
[[nodiscard]] const std::vector<Kind>& processor_kinds();
[[nodiscard]] const std::vector<Kind>& kernel_kinds();

// kinds_software.cpp
[[nodiscard]] const std::vector<Kind>& libvirt_kinds();
[[nodiscard]] const std::vector<Kind>& guest_kinds();
[[nodiscard]] const std::vector<Kind>& engine_kinds();

}  // namespace kata::host
