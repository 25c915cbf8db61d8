// A tree with the files of /proc and /sys that tell of block devices.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/sandbox/volumes/volume_device.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::test {

class FakeHost {
  public:
    [[nodiscard]] sandbox::HostView view() const { return {tree_ / "proc", tree_ / "sys"}; }

    void disk(const std::string& name, const std::string& number) const {
        tree_.write("sys/devices/" + name + "/dev", number + "\n");
        tree_.write("sys/devices/" + name + "/size", "2048\n");
        announce(name, name, number);
    }
    void partition(const std::string& disk,
                   const std::string& name,
                   const std::string& number) const {
        tree_.write("sys/devices/" + disk + "/" + name + "/dev", number + "\n");
        tree_.write("sys/devices/" + disk + "/" + name + "/partition", "1\n");
        announce(disk + "/" + name, name, number);
    }
    void loop(const std::string& name,
              const std::string& number,
              const std::string& backing_file) const {
        disk(name, number);
        tree_.write("sys/devices/" + name + "/loop/backing_file", backing_file + "\n");
        std::filesystem::create_directories(tree_ / "sys/block");
        std::filesystem::create_symlink("../devices/" + name, tree_ / ("sys/block/" + name));
    }
    void mounted(const std::string& number, const std::string& mount_point) const {
        tree_.write("proc/self/mountinfo",
                    "21 1 0:5 / /proc rw - proc proc rw\n36 1 " + number + " / " + mount_point +
                        " rw shared:1 - ext4 /dev/x rw\n");
    }
    void write(const std::string& name, const std::string& content) const {
        tree_.write(name, content);
    }

  private:
    void announce(const std::string& place,
                  const std::string& name,
                  const std::string& number) const {
        std::filesystem::create_directories(tree_ / "sys/dev/block");
        std::filesystem::create_directories(tree_ / "sys/class/block");
        std::filesystem::create_symlink("../../devices/" + place,
                                        tree_ / ("sys/dev/block/" + number));
        std::filesystem::create_symlink("../../devices/" + place,
                                        tree_ / ("sys/class/block/" + name));
    }

    TemporaryDirectory tree_;
};

}  // namespace kata::test
