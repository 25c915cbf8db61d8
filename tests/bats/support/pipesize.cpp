// test-pipesize: prints how many bytes the pipes behind its standard input, output and error can
// hold; -1 for one that is no pipe. Static, because it is run in containers.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

int main() {
    const auto size_of = [](int fd) { return ::fcntl(fd, F_GETPIPE_SZ); };
    std::printf(
        "%d %d %d\n", size_of(STDIN_FILENO), size_of(STDOUT_FILENO), size_of(STDERR_FILENO));
    return 0;
}
