// agent-probe: the real client library against the agent of a running sandbox, over its real ports.
// Not a second client: it dials, starts execs in the container, and does to their streams what
// kata-shim never does on purpose. Says what went wrong and ends with 1.
//
//   agent-probe PORTS_DIR CONTAINER CHECK
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/port_dialer.h"
#include "pkg/agent/client/process_client.h"
#include "pkg/base/error.h"

namespace kata::agent {
namespace {

using Source = OutputStream::Source;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr unsigned kPorts = 8;

base::Deadline soon() {
    return base::Deadline::after(std::chrono::seconds(60));
}

void expect(bool condition, const std::string& what) {
    if (!condition) {
        throw std::runtime_error("not so: " + what);
    }
}

// `size` bytes that differ from place to place.
std::string patterned(std::size_t size) {
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        data[i] = static_cast<char>((i * 2654435761U) >> 13);
    }
    return data;
}

std::string read_all(OutputStream& stream) {
    std::string data;
    std::string piece;
    while (stream.read(piece)) {
        data += piece;
    }
    return data;
}

struct Sandbox {
    sandbox::AgentAddress address;
    std::string container;

    /// A conversation on a port of its own; the lock belongs to the AgentClient or to the caller.
    [[nodiscard]] sandbox::DialedPort dial() const { return dial_agent(address, soon()); }
    /// The ids are unique within a sandbox, whatever probes have run before.
    std::string exec(const std::string& args) const {
        static std::atomic<unsigned> number = 0;
        std::string id = "probe-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
        AgentClient(dial()).exec_process(container,
                                         id,
                                         R"({"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,)"
                                         R"("gid":0},"args":)" +
                                             args + "}",
                                         soon());
        return id;
    }
};

class Conversation {
  public:
    explicit Conversation(sandbox::DialedPort port)
        : lock_(std::move(port.lock)),
          wire_(::fcntl(port.connection.get(), F_DUPFD_CLOEXEC, 3)),
          channel_(open_channel(std::move(port.connection))) {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    Conversation(Conversation&&) = delete;
    Conversation& operator=(Conversation&&) = delete;
    ~Conversation() { ::shutdown(wire_.get(), SHUT_RDWR); }

    [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  private:
    base::UniqueFd lock_;
    base::UniqueFd wire_;
    std::shared_ptr<grpc::Channel> channel_;
};

// Through `cat` and back, with half-close; the same bytes must come.
void echo(const Sandbox& sandbox, std::size_t size) {
    constexpr std::size_t kPiece = 32 << 10;
    const std::string id = sandbox.exec(R"(["cat"])");
    const Conversation conversation(sandbox.dial());
    ProcessClient process(conversation.channel(), sandbox.container, id);
    const auto output = process.open_output(Source::standard_output);
    auto answer = std::async(std::launch::async, [&] { return read_all(*output); });
    const std::string data = patterned(size);
    const auto input = process.open_input();
    for (std::size_t at = 0; at < size; at += kPiece) {
        expect(input->write(std::string_view(data).substr(at, kPiece)), "cat reads");
    }
    input->close();
    expect(answer.get() == data, "the bytes that come back are those that were sent");
    expect(process.wait() == 0, "cat ended well");
}

void bulk(const Sandbox& sandbox) {
    echo(sandbox, 10 * kMebibyte);
}

void parallel(const Sandbox& sandbox) {
    std::vector<std::future<void>> echoes;
    for (unsigned port = 0; port < kPorts; ++port) {
        echoes.push_back(std::async(std::launch::async,
                                    [&sandbox, port] { echo(sandbox, kMebibyte + port * 1000); }));
    }
    for (auto& one : echoes) {
        one.get();
    }
}

void slow_reader(const Sandbox& sandbox) {
    const std::string endless = sandbox.exec(R"(["yes"])");
    const Conversation conversation(sandbox.dial());
    ProcessClient process(conversation.channel(), sandbox.container, endless);
    const auto output = process.open_output(Source::standard_output);
    std::string piece;
    expect(output->read(piece), "yes writes");
    echo(sandbox, kMebibyte);  // while nobody reads on
    expect(output->read(piece), "yes still writes");
    output->cancel();
    expect(process.wait() == 128 + SIGPIPE, "yes ends when nobody reads");
}

// A client that is killed while the guest has half of its message, and the next on the same port.
[[noreturn]] void write_until_killed(const Sandbox& sandbox, const std::string& id, int ready) {
    const Conversation conversation(sandbox.dial());
    ProcessClient process(conversation.channel(), sandbox.container, id);
    std::thread([&] {
        try {
            static_cast<void>(process.wait());
        } catch (const base::Error&) {
            return;
        }
    }).detach();
    const auto input = process.open_input();
    const std::string message(3 * kMebibyte, 'm');
    std::thread([ready] {
        // `sleep` takes nothing, so by the second message the first one is stuck on its way.
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        [[maybe_unused]] const ssize_t told = ::write(ready, "r", 1);
    }).detach();
    while (input->write(message)) {
    }
    ::_exit(1);
}

void killed(const Sandbox& sandbox) {
    Sandbox one_port = sandbox;
    one_port.address.port_count = 1;
    for (int round = 0; round < 3; ++round) {
        int ready[2] = {-1, -1};
        expect(::pipe2(ready, O_CLOEXEC) == 0, "a pipe can be made");
        std::cout.flush();
        // A process of its own, forked before this one uses gRPC: it makes the exec as well.
        const std::string id = "killed-" + std::to_string(::getpid()) + std::to_string(round);
        const pid_t child = ::fork();
        if (child == 0) {
            const std::string process_json =
                R"({"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0},"args":["sleep","1000"]})";
            AgentClient(one_port.dial()).exec_process(one_port.container, id, process_json, soon());
            write_until_killed(one_port, id, ready[1]);
        }
        char byte = 0;
        expect(::read(ready[0], &byte, 1) == 1, "the client writes");
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        ::close(ready[0]);
        ::close(ready[1]);
        const pid_t next = ::fork();
        if (next == 0) {
            const Conversation conversation(one_port.dial());
            ProcessClient process(conversation.channel(), one_port.container, id);
            ::_exit(process.wait() == 128 + SIGKILL ? 0 : 1);
        }
        int status = 0;
        ::waitpid(next, &status, 0);
        expect(status == 0, "the killed client's process was killed, and its port serves");
    }
}

void cancelled(const Sandbox& sandbox) {
    const Conversation conversation(sandbox.dial());
    const auto stub = v1::AgentService::NewStub(conversation.channel());
    for (const bool by_deadline : {true, false}) {
        const std::string id = sandbox.exec(R"(["sleep","1000"])");
        grpc::ClientContext context;
        if (by_deadline) {
            context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
        }
        v1::WaitProcessRequest request;
        request.set_container_id(sandbox.container);
        request.set_exec_id(id);
        request.set_kill_on_disconnect(true);
        v1::WaitProcessResponse response;
        std::thread cancel([&] {
            std::this_thread::sleep_for(std::chrono::seconds(1));
            context.TryCancel();
        });
        const grpc::Status status = stub->WaitProcess(&context, request, &response);
        cancel.join();
        expect(!status.ok(), "the wait ends early");
        ProcessClient process(conversation.channel(), sandbox.container, id);
        expect(process.wait() == 128 + SIGKILL, "the agent has killed the process");
    }
}

// One exec after the other: what `kata-runtime exec` costs inside of the guest.
void time_exec(const Sandbox& sandbox) {
    AgentClient client(sandbox.dial());
    for (int round = 0; round < 10; ++round) {
        const auto began = std::chrono::steady_clock::now();
        client.exec_process(
            sandbox.container,
            "time-" + std::to_string(::getpid()) + "-" + std::to_string(round),
            R"({"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0},"args":["true"]})",
            soon());
        const auto took = std::chrono::steady_clock::now() - began;
        std::cout << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
    }
}

int run(const std::vector<std::string>& args) {
    const std::map<std::string, std::function<void(const Sandbox&)>> checks{
        {"bulk", bulk},
        {"parallel", parallel},
        {"slow-reader", slow_reader},
        {"killed", killed},
        {"cancelled", cancelled},
        {"time-exec", time_exec},
    };
    if (args.size() != 3 || !checks.contains(args[2])) {
        std::cerr << "usage: agent-probe PORTS_DIR CONTAINER CHECK\n";
        return 2;
    }
    try {
        checks.at(args[2])({{args[0], kPorts, {}}, args[1]});
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "agent-probe " << args[2] << ": " << error.what() << "\n";
        return 1;
    }
}

}  // namespace
}  // namespace kata::agent

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    return kata::agent::run({argv + 1, argv + argc});
}
