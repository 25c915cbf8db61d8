// The OCI states of a container, which operation each allows, and the JSON in which states are
// shown. Nothing here knows how a status is found out or stored.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/oci/container_id.h"

namespace kata::oci {

enum class Status { creating, created, running, paused, stopped };

[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::optional<Status> status_from_string(std::string_view text);

enum class Operation {
    start,
    kill,
    kill_all,  // `kill --all`: fine on a container that has stopped
    remove,    // `delete`
    remove_forced,
    exec,
    exec_ignoring_pause,
    pause,
    resume,
    ps,
    update,
    events,
};

/// Lifecycle: what may be done to one container in the state it is in. Immutable: ask again after a
/// change.
class Lifecycle {
  public:
    Lifecycle(ContainerId id, Status status) : id_(std::move(id)), status_(status) {}

    [[nodiscard]] Status status() const noexcept { return status_; }
    [[nodiscard]] bool allows(Operation operation) const noexcept;

    /// @throws base::Error invalid_state with the words that engines look for.
    void require(Operation operation) const;

  private:
    [[nodiscard]] std::string refusal(Operation operation) const;
    [[nodiscard]] std::string advice(Operation operation) const;

    ContainerId id_;
    Status status_;
};

/// "container does not exist", "container with given ID already exists": the words that engines
/// look for.
[[nodiscard]] base::Error container_not_found(const ContainerId& id);
[[nodiscard]] base::Error container_exists(const ContainerId& id);

/// The document that hooks read from their standard input.
struct State {
    std::string oci_version;
    std::string id;
    Status status = Status::creating;
    pid_t pid = 0;  // 0: none
    std::string bundle;
    std::map<std::string, std::string> annotations;
};

/// One line of JSON without a newline.
[[nodiscard]] std::string to_json(const State& state);

/// One container as `state` and `list` show it.
struct ContainerSummary {
    std::string oci_version;
    std::string id;
    pid_t pid = 0;  // 0 when stopped
    Status status = Status::stopped;
    std::string bundle;
    std::string rootfs;
    std::chrono::system_clock::time_point created;
    std::map<std::string, std::string> annotations;
    std::string owner;  // a user name, or "#<uid>" for a uid without one
};

/// What `state` prints: indented by two, no newline at the end.
[[nodiscard]] std::string state_json(const ContainerSummary& summary);

/// What `list --format json` prints: one line and a newline; "null" without containers.
[[nodiscard]] std::string list_json(const std::vector<ContainerSummary>& summaries);

/// UTC as Go's RFC3339Nano writes it: "2024-05-01T10:00:00.12Z", no zeros at the end of the
/// fraction.
[[nodiscard]] std::string rfc3339_nano(std::chrono::system_clock::time_point time);

}  // namespace kata::oci
