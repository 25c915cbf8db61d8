// A VmBackend without a VM: remembers what it was asked, and fails as told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::test {

class FakeHypervisor : public sandbox::Hypervisor {
  public:
    sandbox::StartedVm create_vm_paused(const sandbox::VmConfig& config,
                                        base::Deadline /*deadline*/) override {
        fail_if_told();
        alive.insert(config.uuid);
        return {};
    }
    void resume_vm(const std::string& /*uuid*/, base::Deadline /*deadline*/) override {
        fail_if_told();
    }
    void destroy_vm(const std::string& uuid, base::Deadline /*deadline*/) override {
        fail_if_told();
        if (on_destroy) {
            on_destroy();
        }
        destroyed.push_back(uuid);
        alive.erase(uuid);
    }
    void plug_nic(const std::string& /*uuid*/,
                  const sandbox::VmNic& nic,
                  base::Deadline /*deadline*/) override {
        fail_if_told();
        nics.push_back(nic);
    }
    void unplug_nic(const std::string& /*uuid*/,
                    const std::string& mac,
                    base::Deadline /*deadline*/) override {
        fail_if_told();
        std::erase_if(nics, [&](const sandbox::VmNic& nic) { return nic.mac == mac; });
    }
    void plug_disk(const std::string& /*uuid*/,
                   const sandbox::VmDisk& disk,
                   base::Deadline /*deadline*/) override {
        fail_if_told();
        disks.push_back(disk);
    }
    void unplug_disk(const std::string& /*uuid*/,
                     const std::string& serial,
                     base::Deadline /*deadline*/) override {
        fail_if_told();
        unplugged.push_back(serial);
        std::erase_if(disks, [&](const sandbox::VmDisk& disk) { return disk.serial == serial; });
    }
    void resize_disk(const std::string& /*uuid*/,
                     const std::string& serial,
                     std::uint64_t bytes,
                     base::Deadline /*deadline*/) override {
        fail_if_told();
        resized.emplace_back(serial, bytes);
    }
    void plug_host_device(const std::string& /*uuid*/,
                          const sandbox::VmHostDevice& device,
                          base::Deadline /*deadline*/) override {
        fail_if_told();
        host_devices.push_back(device);
    }
    void unplug_host_device(const std::string& /*uuid*/,
                            const std::string& name,
                            base::Deadline /*deadline*/) override {
        fail_if_told();
        unplugged.push_back(name);
    }
    std::vector<std::string> pci_paths(const std::string& /*uuid*/,
                                       const std::vector<std::string>& names,
                                       base::Deadline /*deadline*/) override {
        return std::vector<std::string>(names.size(), "02.0/00.0");
    }
    std::uint64_t plug_memory(const std::string& /*uuid*/,
                              std::uint64_t memory_mib,
                              base::Deadline /*deadline*/) override {
        fail_if_told();
        return plugged_mib += memory_mib;
    }
    void pin_vcpus(const std::string& /*uuid*/,
                   const std::vector<std::vector<unsigned>>& cpus,
                   base::Deadline /*deadline*/) override {
        fail_if_told();
        pinned = cpus;
    }
    sandbox::VmState vm_state(const std::string& uuid, base::Deadline /*deadline*/) override {
        fail_if_told();
        return alive.count(uuid) != 0 ? sandbox::VmState::running : sandbox::VmState::stopped;
    }
    sandbox::VmUser vm_user(const sandbox::VmIdentity& vm, base::Deadline /*deadline*/) override {
        return users.at(vm.own_user ? vm.uuid : "");
    }
    sandbox::HypervisorVersion version(base::Deadline /*deadline*/) override { return {}; }

    std::optional<base::ErrorCode> failure;
    std::set<std::string> alive;
    std::vector<std::string> destroyed;
    std::function<void()> on_destroy;
    std::vector<sandbox::VmNic> nics;
    std::vector<sandbox::VmDisk> disks;
    std::vector<sandbox::VmHostDevice> host_devices;
    std::vector<std::string> unplugged;
    std::vector<std::pair<std::string, std::uint64_t>> resized;
    std::uint64_t plugged_mib = 0;
    std::vector<std::vector<unsigned>> pinned;
    // By the UUID of a VM with a user of its own; "": of all others.
    std::map<std::string, sandbox::VmUser> users{{"", {}}};

  private:
    void fail_if_told() const {
        if (failure) {
            throw base::Error(*failure, "told to fail");
        }
    }
};

class FakeScopes : public sandbox::ScopeUnits {
  public:
    void start(const sandbox::ScopeUnit& unit, pid_t pid, base::Deadline /*deadline*/) override {
        started.emplace_back(unit, pid);
        if (on_start) {
            on_start();
        }
        fail_if_told();
    }
    void stop(const std::string& name, base::Deadline /*deadline*/) override {
        stopped.push_back(name);
        if (on_stop) {
            on_stop();
        }
        fail_if_told();
    }

    std::optional<base::ErrorCode> failure;
    std::function<void()> on_start;
    std::function<void()> on_stop;
    std::vector<std::pair<sandbox::ScopeUnit, pid_t>> started;
    std::vector<std::string> stopped;

  private:
    void fail_if_told() const {
        if (failure) {
            throw base::Error(*failure, "told to fail");
        }
    }
};

class FakeBackend : public sandbox::VmBackend {
  public:
    sandbox::Hypervisor& hypervisor() override { return fake; }
    sandbox::AgentConnector& agents() override { throw std::logic_error("no agent here"); }
    sandbox::ScopeUnits& scopes() override { return fake_scopes; }

    FakeHypervisor fake;
    FakeScopes fake_scopes;
};

}  // namespace kata::test
