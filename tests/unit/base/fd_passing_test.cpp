#include "pkg/base/fd_passing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "pkg/base/file.h"
#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

using FdPassing = DirectoryTest;

TEST_F(FdPassing, DeliversDataAndDescriptorsClosedOnExec) {
    const SocketPair pair = make_socket_pair();
    write(dir_ / "f", "inside");
    const UniqueFd file = open_file(dir_ / "f", O_RDONLY);
    send_message(pair.first.ref(), "hello", {file.ref(), file.ref()});
    const auto message = receive_message(pair.second.ref());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->data, "hello");
    ASSERT_EQ(message->fds.size(), 2U);
    EXPECT_EQ(::fcntl(message->fds[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(content_of("/proc/self/fd/" + std::to_string(message->fds[1].get())), "inside");
}

TEST_F(FdPassing, KeepsMessagesApart) {
    const SocketPair pair = make_socket_pair();
    send_message(pair.first.ref(), "one");
    send_message(pair.first.ref(), "two");
    EXPECT_EQ(receive_message(pair.second.ref())->data, "one");
    EXPECT_EQ(receive_message(pair.second.ref())->data, "two");
}

TEST_F(FdPassing, TellsThatThePeerHasClosed) {
    SocketPair pair = make_socket_pair();
    pair.first.reset();
    EXPECT_FALSE(receive_message(pair.second.ref()));
    expect_error(
        [&] { send_message(pair.second.ref(), "x"); }, ErrorCode::unavailable, "broken pipe");
}

TEST_F(FdPassing, RefusesTooLongMessagesAndTooManyDescriptors) {
    const SocketPair pair = make_socket_pair();
    send_message(pair.first.ref(), "too long");
    expect_error([&] { (void)receive_message(pair.second.ref(), 3); },
                 ErrorCode::invalid_argument,
                 "too long");
    const std::vector<FdRef> many(17, pair.first.ref());
    expect_error([&] { send_message(pair.first.ref(), "x", many); },
                 ErrorCode::invalid_argument,
                 "too many");
}

// A listening socket at `name` in the working directory, so that its full path may be long.
UniqueFd listen_at(const std::filesystem::path& directory, const std::string& name) {
    const UniqueFd dir = open_file(directory, O_PATH | O_DIRECTORY);
    const std::string path = "/proc/self/fd/" + std::to_string(dir.get()) + "/" + name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    return socket;
}

TEST_F(FdPassing, ConnectsToASocketWithAPathOfAnyLength) {
    const auto deep = dir_ / std::string(150, 'd');
    std::filesystem::create_directory(deep);
    const UniqueFd far = listen_at(deep, "s");
    const UniqueFd near = listen_at(dir_, "s");
    EXPECT_TRUE(connect_unix(deep / "s").valid());
    EXPECT_TRUE(connect_unix(dir_ / "s").valid());
}

TEST_F(FdPassing, NamesTheSocketThatCannotBeReached) {
    expect_error(
        [&] { (void)connect_unix(dir_ / "none"); }, ErrorCode::not_found, (dir_ / "none").native());
    expect_error([&] { (void)connect_unix(dir_ / std::string(120, 'n')); },
                 ErrorCode::invalid_argument,
                 "too long");
    expect_error([] { (void)connect_unix(""); }, ErrorCode::not_found, "cannot connect");
    write(dir_ / "file", "");
    expect_error([&] { (void)connect_unix(dir_ / "file"); }, ErrorCode::unavailable, "refused");
}

}  // namespace
}  // namespace kata::base
