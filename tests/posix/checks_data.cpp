#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tests/posix/scene.h"

namespace kata::posix {
namespace {

constexpr off_t kPage = 4096;
constexpr off_t kMegabyte = off_t{1} << 20;

class Mapping {
  public:
    Mapping(const File& file, int flags) {
        void* const address = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, flags, file.fd(), 0);
        must(address == MAP_FAILED ? -1 : 0, "mmap");
        bytes_ = static_cast<char*>(address);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    Mapping(Mapping&&) = delete;
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping() { ::munmap(bytes_, kPage); }

    [[nodiscard]] char* bytes() const { return bytes_; }

  private:
    char* bytes_ = nullptr;
};

std::string page_of(char byte) {
    return std::string(kPage, byte);
}

}  // namespace

void append(const Scene& scene) {
    const File one(scene.path("file"), O_RDWR | O_CREAT | O_APPEND);
    const File other(scene.path("file"), O_WRONLY | O_APPEND);
    for (int round = 0; round < 3; ++round) {
        one.write("one ");
        other.write("other ");
    }
    expect(one.read_at(0) == "one other one other one other ", "a write overwrites another");
    must(::lseek(one.fd(), 0, SEEK_SET), "lseek");
    one.write("end");
    expect(one.status().st_size == 33, "a write after lseek is not at the end");
}

void shared_mapping(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    file.write(page_of('a'));
    const Mapping mapping(file, MAP_SHARED);
    mapping.bytes()[0] = 'b';
    expect(file.read_at(0).front() == 'b', "read does not see what was written to memory");
    file.write_at(1, "c");
    expect(mapping.bytes()[1] == 'c', "memory does not show what was written to the file");
    must(::msync(mapping.bytes(), kPage, MS_SYNC), "msync");
    in_child([&] {
        const File again(scene.path("file"), O_RDWR);
        const Mapping other(again, MAP_SHARED);
        expect(std::string(other.bytes(), 2) == "bc", "another process maps other content");
        other.bytes()[2] = 'd';
    });
    expect(mapping.bytes()[2] == 'd', "memory does not show what another process wrote to it");
}

void private_mapping(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    file.write(page_of('a'));
    const Mapping mapping(file, MAP_PRIVATE);
    mapping.bytes()[0] = 'b';
    expect(file.read_at(0) == page_of('a'), "the file changes with private memory");
    expect(mapping.bytes()[0] == 'b' && mapping.bytes()[1] == 'a', "memory has other content");
}

void sparse_file(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    file.write_at(0, page_of('a'));
    file.write_at(8 * kMegabyte, page_of('b'));
    must(::fsync(file.fd()), "fsync");
    expect(file.status().st_size == 8 * kMegabyte + kPage, "st_size is another");
    expect(file.read_at(kMegabyte) == std::string(std::size_t{64} << 10, '\0'),
           "a hole is not zero");
    expect(file.status().st_blocks * 512 < kMegabyte, "a hole takes space");
    const auto hole = must(::lseek(file.fd(), 0, SEEK_HOLE), "SEEK_HOLE");
    expect(hole < 8 * kMegabyte, "SEEK_HOLE finds no hole");
    const auto data = must(::lseek(file.fd(), hole, SEEK_DATA), "SEEK_DATA");
    expect(data > kMegabyte && data <= 8 * kMegabyte, "SEEK_DATA finds other data");
    must_fail(::lseek(file.fd(), 9 * kMegabyte, SEEK_DATA), ENXIO, "SEEK_DATA beyond the end");
}

void allocation(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    must(::fallocate(file.fd(), 0, 0, kMegabyte), "fallocate");
    expect(file.status().st_size == kMegabyte, "the file did not grow");
    expect(file.status().st_blocks * 512 >= kMegabyte, "no space is taken");
    must(::fallocate(file.fd(), FALLOC_FL_KEEP_SIZE, kMegabyte, kMegabyte), "FALLOC_FL_KEEP_SIZE");
    expect(file.status().st_size == kMegabyte, "FALLOC_FL_KEEP_SIZE changes the size");
}

void hole_is_punched(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    for (off_t at = 0; at < 4; ++at) {
        file.write_at(at * kPage, page_of('a'));
    }
    must(::fallocate(file.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kPage, kPage),
         "FALLOC_FL_PUNCH_HOLE");
    expect(file.read_at(0) == page_of('a') + page_of('\0') + page_of('a') + page_of('a'),
           "something else than the hole is zero");
}

void copy_within_the_file_system(const Scene& scene) {
    const File from(scene.write("from", page_of('a')), O_RDONLY);
    const File to(scene.path("to"), O_RDWR | O_CREAT);
    const auto copied =
        must(::copy_file_range(from.fd(), nullptr, to.fd(), nullptr, kPage, 0), "copy_file_range");
    expect(copied == kPage && to.read_at(0) == page_of('a'), "the copy has other content");
}

}  // namespace kata::posix
