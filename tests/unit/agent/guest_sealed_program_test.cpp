#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include <gtest/gtest.h>

#include "pkg/agent/guest/launcher.h"
#include "pkg/agent/guest/sealed_program.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

TEST(SealedProgramTest, RunsAsTheFileDoes) {
    Reaper reaper;
    const SealedProgram shell("/bin/sh");
    LaunchSpec spec;
    spec.program = shell.path();
    spec.args = {"-c", "exit 7"};
    EXPECT_EQ(launch_and_wait(spec, reaper, base::Deadline::after(std::chrono::seconds(20))), 7);
}

TEST(SealedProgramTest, CannotBeChangedAndHasTheSealsThatCrunLooksFor) {
    const SealedProgram shell("/bin/sh");
    const base::UniqueFd fd = base::open_file(shell.path(), O_RDWR);
    EXPECT_EQ(::fcntl(fd.get(), F_GET_SEALS),
              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    EXPECT_EQ(::write(fd.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPERM);
}

TEST(SealedProgramTest, SaysWhichProgramIsMissing) {
    EXPECT_THROW(SealedProgram("/nonexistent"), base::Error);
}

}  // namespace
}  // namespace kata::agent::guest
