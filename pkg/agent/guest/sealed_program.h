// SealedProgram: a copy of a program in memory that nobody can change any more, to be run instead
// of the file. crun runs itself a second time from such a copy, so that no container can overwrite
// the program it came from; one that is a sealed copy already saves itself the copying, the second
// execve and the second round of the dynamic linker.
#pragma once

#include <string>

#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class SealedProgram {
  public:
    /// @param path of an executable. @throws base::Error if it cannot be read or copied.
    explicit SealedProgram(const std::string& path);

    /// What to execute, in a child of this process: the descriptor need not outlive the execve.
    [[nodiscard]] std::string path() const;

  private:
    base::UniqueFd copy_;
};

}  // namespace kata::agent::guest
