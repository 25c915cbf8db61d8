#include "pkg/sandbox/machine_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kBlanks = " \t";

std::vector<std::string> words_between_commas(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string word = text.substr(at, end - at);
        if (const auto first = word.find_first_not_of(kBlanks); first != std::string::npos) {
            words.push_back(word.substr(first, word.find_last_not_of(kBlanks) - first + 1));
        }
        at = end + 1;
    }
    return words;
}

struct Word {
    std::string name;
    std::string value;  // "on" if there is none
};

Word divided(const std::string& word) {
    const std::size_t equals = word.find('=');
    return equals == std::string::npos ? Word{word, "on"}
                                       : Word{word.substr(0, equals), word.substr(equals + 1)};
}

bool is_feature_name(const std::string& name) {
    return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
}

Error refused(const char* key, const std::string& word, const std::string& why) {
    return {ErrorCode::invalid_argument,
            std::string("\"hypervisor.qemu.") + key + "\" has \"" + base::printable(word, 64) +
                "\", " + why};
}

std::optional<bool> switched(const std::string& value) {
    if (value == "on" || value == "off") {
        return value == "on";
    }
    return std::nullopt;
}

CpuFeature cpu_feature(const std::string& written) {
    const bool minus = written.front() == '-';
    const bool sign = minus || written.front() == '+';
    const Word word = divided(sign ? written.substr(1) : written);
    const auto value = switched(word.value);
    if (!is_feature_name(word.name) || !value || (sign && written.find('=') != std::string::npos)) {
        throw refused(
            "cpu_features", written, "which is none of NAME, +NAME, -NAME, NAME=on and NAME=off");
    }
    return {word.name, *value && !minus};
}

std::optional<bool>* board_switch(VmSwitches& switches, const std::string& name) {
    struct Row {
        std::string_view name;
        std::optional<bool> VmSwitches::*value;
    };
    constexpr std::array kRows{Row{"smm", &VmSwitches::smm},
                               Row{"vmport", &VmSwitches::vmport},
                               Row{"hpet", &VmSwitches::hpet},
                               Row{"dump-guest-core", &VmSwitches::dump_guest_core}};
    const auto* row = std::ranges::find(kRows, name, &Row::name);
    return row == kRows.end() ? nullptr : &(switches.*(row->value));
}

// Where the interrupt controllers are has three values in QEMU, of which libvirt has two.
void set_irqchip(VmMachine& machine, const Word& word, const std::string& written) {
    if (word.value != "on" && word.value != "split") {
        throw refused("machine_accelerators", written, "whose value must be on or split");
    }
    machine.switches.split_irqchip = word.value == "split";
}

void add_accelerator(VmMachine& machine, const std::string& written) {
    const Word word = divided(written);
    if (word.name == "kernel_irqchip" || word.name == "kernel-irqchip") {
        return set_irqchip(machine, word, written);
    }
    const auto value = switched(word.value);
    std::optional<bool>* board = board_switch(machine.switches, word.name);
    const bool implied = word.name == "nvdimm";  // on as soon as there is such a device
    const bool merge = word.name == "mem-merge";
    if (board == nullptr && !merge && !implied) {
        throw refused("machine_accelerators",
                      written,
                      "for which libvirt has no setting; those it has are smm, vmport, hpet, "
                      "mem-merge, dump-guest-core, kernel_irqchip and nvdimm");
    }
    if (!value || (implied && !*value)) {
        throw refused("machine_accelerators",
                      written,
                      implied ? "whose value must be on" : "whose value must be on or off");
    }
    if (board != nullptr) {
        *board = value;
    } else if (merge) {
        machine.memory.mergeable = *value;
    }
}

}  // namespace

void add_cpu_features(VmMachine& machine, const std::string& words) {
    for (const std::string& written : words_between_commas(words)) {
        CpuFeature feature = cpu_feature(written);
        if (feature.name == "pmu") {
            machine.switches.pmu = feature.on;
            continue;
        }
        std::erase_if(machine.cpu_features,
                      [&](const CpuFeature& other) { return other.name == feature.name; });
        machine.cpu_features.push_back(std::move(feature));
    }
}

void add_machine_accelerators(VmMachine& machine, const std::string& words) {
    for (const std::string& written : words_between_commas(words)) {
        add_accelerator(machine, written);
    }
}

}  // namespace kata::sandbox
