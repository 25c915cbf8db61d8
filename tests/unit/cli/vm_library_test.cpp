#include "cli/vm_library.h"

#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::cli {
namespace {

TEST(VmLibraryPath, IsBesideAProgramThatWasJustBuilt) {
    const test::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "libkata-vm.so", "");
    EXPECT_EQ(vm_library_path(directory.path() / "kata-runtime"),
              directory.path() / "libkata-vm.so");
}

TEST(VmLibraryPath, IsTheInstalledOneElse) {
    const test::TemporaryDirectory directory;
    const auto path = vm_library_path(directory.path() / "kata-runtime");
    EXPECT_TRUE(path.is_absolute());
    EXPECT_EQ(path.filename(), "libkata-vm.so");
    EXPECT_NE(path.parent_path(), directory.path());
}

}  // namespace
}  // namespace kata::cli
