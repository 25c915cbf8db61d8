#include "pkg/agent/shim/control_session.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"

namespace kata::agent {
namespace {

using base::Error;
using base::ErrorCode;

Error out_of_order(const std::string& request) {
    return {ErrorCode::invalid_state, "cannot serve the " + request + " request: out of order"};
}

}  // namespace

std::optional<RelayOrder> ControlSession::serve() {
    while (auto message = base::receive_message(control_.ref())) {
        std::string error_text;
        try {
            const sandbox::ShimRequest request = sandbox::parse_shim_request(message->data);
            if (const auto* mount = std::get_if<sandbox::ShimMountRequest>(&request)) {
                serve_mount(*mount);
            } else if (const auto* relay = std::get_if<sandbox::ShimRelayRequest>(&request)) {
                RelayOrder order = serve_relay(*relay, std::move(message->fds));
                reply({});
                control_.reset();
                return order;
            } else {
                serve_pivot();
            }
        } catch (const Error& error) {
            error_text = error.what();
        }
        reply(error_text);
    }
    return std::nullopt;
}

void ControlSession::serve_mount(const sandbox::ShimMountRequest& request) {
    if (stage_ != Stage::fresh) {
        throw out_of_order("mount");
    }
    root_.emplace(request);
    stage_ = Stage::mounted;
}

void ControlSession::serve_pivot() {
    if (stage_ != Stage::mounted) {
        throw out_of_order("pivot");
    }
    root_->enter();
    root_.reset();
    stage_ = Stage::entered;
}

RelayOrder ControlSession::serve_relay(const sandbox::ShimRelayRequest& request,
                                       std::vector<base::UniqueFd> fds) const {
    if (stage_ == Stage::mounted) {
        throw out_of_order("relay");
    }
    const std::size_t announced = request.memory_cgroup ? 1 : 0;
    if (fds.size() < 1 + announced || fds.size() > 2 + announced) {
        throw Error(
            ErrorCode::invalid_argument,
            "cannot serve the relay request: one connection, at most one lock and the memory "
            "cgroup that it announces belong to it");
    }
    RelayOrder order{request, std::move(fds[0]), {}, {}};
    if (request.memory_cgroup) {
        order.memory_cgroup = std::move(fds.back());
        fds.pop_back();
    }
    if (fds.size() == 2) {
        order.lock = std::move(fds[1]);
    }
    return order;
}

void ControlSession::reply(const std::string& error) const {
    base::send_message(control_.ref(), sandbox::to_json_text(sandbox::ShimReply{error}));
}

}  // namespace kata::agent
