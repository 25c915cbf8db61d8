#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pkg/agent/guest/crun_error.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;

struct Case {
    std::string crun;  // as crun 1.8.1 wrote it
    std::string executable;
    ErrorCode code;
    std::string message;
};

class CrunError : public testing::TestWithParam<Case> {};

TEST_P(CrunError, IsTranslatedToThePhraseEnginesLookFor) {
    const Case& expected = GetParam();
    const base::Error error =
        translate_crun_error("create the container", expected.crun, expected.executable);
    EXPECT_EQ(error.code(), expected.code);
    EXPECT_EQ(std::string(error.what()), expected.message);
}

const std::vector<Case> kCases{
    {"executable file `foo` not found in $PATH: No such file or directory\n",
     "foo",
     ErrorCode::not_found,
     "exec: \"foo\": executable file not found in $PATH"},
    {"executable file `/foo` not found in $PATH: No such file or directory",
     "/foo",
     ErrorCode::not_found,
     "exec: \"/foo\": stat /foo: no such file or directory"},
    {"open executable: Operation not permitted",
     "/etc",
     ErrorCode::permission_denied,
     "exec: \"/etc\": permission denied"},
    {"open executable: Permission denied",
     "/etc/f",
     ErrorCode::permission_denied,
     "exec: \"/etc/f\": permission denied"},
    {"open executable: Operation not permitted",
     "",
     ErrorCode::not_found,
     "exec: \"\": executable file not found in $PATH"},
    {"a warning\nchdir `/bin/busybox`: Not a directory\n",
     "sh",
     ErrorCode::invalid_argument,
     "chdir to cwd (\"/bin/busybox\") set in config.json failed: not a directory"},
    {"chdir `/root`: Permission denied",
     "sh",
     ErrorCode::permission_denied,
     "chdir to cwd (\"/root\") set in config.json failed: permission denied"},
    {"the container `x` is not running",
     "sh",
     ErrorCode::invalid_state,
     "cannot create the container: the container `x` is not running"},
    {"cannot open `/run/crun/x/exec.fifo`: No such file or directory",
     "",
     ErrorCode::invalid_state,
     "cannot create the container: cannot open `/run/crun/x/exec.fifo`: No such file or directory"},
    {"error stat'ing file `/nonexistent`: No such file or directory",
     "sh",
     ErrorCode::internal,
     "cannot create the container: error stat'ing file `/nonexistent`: No such file or directory"},
    {"", "sh", ErrorCode::internal, "cannot create the container: crun failed and said nothing"},
    {"evil \x1b[2J", "sh", ErrorCode::internal, "cannot create the container: evil ?[2J"},
};

INSTANTIATE_TEST_SUITE_P(Texts, CrunError, testing::ValuesIn(kCases));

}  // namespace
}  // namespace kata::agent::guest
