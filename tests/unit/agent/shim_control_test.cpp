#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include <gtest/gtest.h>

#include "pkg/agent/shim/control_session.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"

namespace kata::agent {
namespace {

// kata-runtime's end of the conversation; the session runs in a thread.
class Conversation {
  public:
    Conversation() : Conversation(base::make_socket_pair()) {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    Conversation(Conversation&&) = delete;
    Conversation& operator=(Conversation&&) = delete;
    ~Conversation() { end(); }

    std::string ask_text(const std::string& text, const std::vector<base::FdRef>& fds = {}) {
        base::send_message(control_.ref(), text, fds);
        const auto reply = base::receive_message(control_.ref());
        return reply ? sandbox::parse_shim_reply(reply->data).error : "the shim has gone";
    }
    std::string ask(const sandbox::ShimRequest& request, const std::vector<base::FdRef>& fds = {}) {
        return ask_text(sandbox::to_json_text(request), fds);
    }
    bool hung_up() { return !base::receive_message(control_.ref()); }

    const std::optional<RelayOrder>& end() {
        control_.reset();
        if (thread_.joinable()) {
            thread_.join();
        }
        return order_;
    }

  private:
    explicit Conversation(base::SocketPair pair)
        : control_(std::move(pair.first)), thread_([this, fd = pair.second.release()] {
              order_ = ControlSession(base::UniqueFd(fd)).serve();
          }) {}

    base::UniqueFd control_;
    std::optional<RelayOrder> order_;
    std::thread thread_;
};

base::UniqueFd some_file() {
    return base::open_file("/dev/null", O_RDWR);
}

TEST(ControlSession, RelaysAtOnceForAnExec) {
    Conversation runtime;
    const auto connection = some_file();
    const auto lock = some_file();
    EXPECT_EQ(runtime.ask(sandbox::ShimRelayRequest{"web", "e1", true, false},
                          {connection.ref(), lock.ref()}),
              "");
    EXPECT_TRUE(runtime.hung_up());
    const auto& order = runtime.end();
    ASSERT_TRUE(order);
    EXPECT_EQ(order->process.container_id, "web");
    EXPECT_EQ(order->process.exec_id, "e1");
    EXPECT_TRUE(order->process.terminal);
    EXPECT_TRUE(order->connection.valid());
    EXPECT_TRUE(order->lock.valid());
}

TEST(ControlSession, TakesAConnectionWithoutALock) {
    Conversation runtime;
    const auto connection = some_file();
    EXPECT_EQ(runtime.ask(sandbox::ShimRelayRequest{"web", "", false, false}, {connection.ref()}),
              "");
    const auto& order = runtime.end();
    ASSERT_TRUE(order);
    EXPECT_FALSE(order->lock.valid());
}

TEST(ControlSession, RefusesARelayWithoutConnectionAndGoesOn) {
    Conversation runtime;
    EXPECT_NE(runtime.ask(sandbox::ShimRelayRequest{"web", "", false, false}), "");
    const auto connection = some_file();
    EXPECT_EQ(runtime.ask(sandbox::ShimRelayRequest{"web", "", false, false}, {connection.ref()}),
              "");
}

TEST(ControlSession, RefusesAPivotBeforeTheMounts) {
    Conversation runtime;
    EXPECT_NE(runtime.ask(sandbox::ShimPivotRequest{}).find("out of order"), std::string::npos);
}

TEST(ControlSession, AnswersRubbishWithAnError) {
    Conversation runtime;
    EXPECT_NE(runtime.ask_text("{\"op\":\"dance\"}"), "");
    EXPECT_NE(runtime.ask_text("rubbish"), "");
}

TEST(ControlSession, EndsWithoutAnOrderWhenTheRuntimeDies) {
    Conversation runtime;
    EXPECT_FALSE(runtime.end());
}

}  // namespace
}  // namespace kata::agent
