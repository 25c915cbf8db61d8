#include "pkg/base/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

TEST(MakePipe, CarriesBytesFromTheWriteEndToTheReadEnd) {
    const Pipe pipe = make_pipe();
    ASSERT_EQ(::write(pipe.write_end.get(), "x", 1), 1);
    char byte = 0;
    ASSERT_EQ(::read(pipe.read_end.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
}

TEST(MakePipe, ClosesBothEndsAtExecAndBlocksUnlessAskedNotTo) {
    for (const int flags : {0, O_NONBLOCK}) {
        const Pipe pipe = make_pipe(flags);
        for (const int fd : {pipe.read_end.get(), pipe.write_end.get()}) {
            EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
            EXPECT_EQ(::fcntl(fd, F_GETFL) & O_NONBLOCK, flags);
        }
    }
}

TEST(MakePipe, StaysAboveTheStandardStreamsEvenIfOneIsClosed) {
    const UniqueFd kept(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    ASSERT_TRUE(kept.valid());
    ::close(STDIN_FILENO);
    const Pipe pipe = make_pipe();
    EXPECT_GT(pipe.read_end.get(), STDERR_FILENO);
    EXPECT_GT(pipe.write_end.get(), STDERR_FILENO);
    ::dup2(kept.get(), STDIN_FILENO);
}

}  // namespace
}  // namespace kata::base
