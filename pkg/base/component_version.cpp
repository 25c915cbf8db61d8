// A mark in every program and library of this project, found by reading the file: which version it
// is, without running it (kata-agent is inside the guest's initrd). CMakeLists.txt makes each of
// them carry it.
extern "C" {
extern const char kata_component_version[];
const char kata_component_version[] = "kata-component-version=" KATA_VERSION;
}
