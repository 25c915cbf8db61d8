// GuestHooks: programs of the guest that are run for every container of the sandbox, as OCI hooks:
//   <path>/prestart, <path>/poststart, <path>/poststop
// in the order of their names, after those of the specification, with the container's state on
// their standard input. crun runs them. Thread-safe.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace kata::agent::guest {

class GuestHooks {
  public:
    /// Looks for executable files. What cannot be read is logged and is none: a guest without
    /// hooks is fine.
    void scan(const std::filesystem::path& path);

    /// The specification with the hooks of the last scan() added.
    /// @throws base::Error invalid_argument if it is no JSON object and there are hooks.
    [[nodiscard]] std::string added_to(const std::string& spec_json) const;

  private:
    struct Stage {
        const char* name;
        std::vector<std::string> programs;
    };

    mutable std::mutex mutex_;
    std::vector<Stage> stages_;
};

}  // namespace kata::agent::guest
