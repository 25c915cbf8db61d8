// The words of linux.seccomp, as libseccomp 2.5 and the crun of the guest know them. Internal to
// this folder.
#pragma once

#include <array>
#include <string_view>

namespace kata::oci {

inline constexpr auto kSeccompActions = std::to_array<std::string_view>({"SCMP_ACT_ALLOW",
                                                                         "SCMP_ACT_ERRNO",
                                                                         "SCMP_ACT_KILL",
                                                                         "SCMP_ACT_KILL_PROCESS",
                                                                         "SCMP_ACT_KILL_THREAD",
                                                                         "SCMP_ACT_LOG",
                                                                         "SCMP_ACT_NOTIFY",
                                                                         "SCMP_ACT_TRACE",
                                                                         "SCMP_ACT_TRAP"});

inline constexpr auto kSeccompOperators = std::to_array<std::string_view>({"SCMP_CMP_EQ",
                                                                           "SCMP_CMP_GE",
                                                                           "SCMP_CMP_GT",
                                                                           "SCMP_CMP_LE",
                                                                           "SCMP_CMP_LT",
                                                                           "SCMP_CMP_MASKED_EQ",
                                                                           "SCMP_CMP_NE"});

/// Allowed in a profile. Profiles of engines name foreign ones, too: only those of the guest count.
inline constexpr auto kSeccompKnownArchitectures = std::to_array<std::string_view>(
    {"SCMP_ARCH_NATIVE",      "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",
     "SCMP_ARCH_ARM",         "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",
     "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
     "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",
     "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",
     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB"});

inline constexpr auto kSeccompKnownFlags =
    std::to_array<std::string_view>({"SECCOMP_FILTER_FLAG_TSYNC",
                                     "SECCOMP_FILTER_FLAG_LOG",
                                     "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"});

}  // namespace kata::oci
