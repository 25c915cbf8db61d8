#include "pkg/crypto/sha512.h"

#include <array>
#include <string>

#include <openssl/evp.h>

#include "pkg/base/error.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::crypto {
namespace {

void require(int success) {
    if (success != 1) {
        throw base::Error(base::ErrorCode::unsupported,
                          "cannot compute a SHA-512: libcrypto of this host refuses it");
    }
}

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

class Sha512 : public sandbox::Digest {
  public:
    Sha512() { require(::EVP_DigestInit_ex(context_.get(), ::EVP_sha512(), nullptr)); }

    void add(std::string_view bytes) override {
        require(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
    }

    std::string hexadecimal() override {
        std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
        unsigned size = 0;
        require(::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size));
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += kDigits[bytes[i] >> 4U];
            text += kDigits[bytes[i] & 0xfU];
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, ContextDeleter> context_{::EVP_MD_CTX_new()};
};

}  // namespace

std::unique_ptr<sandbox::Digest> make_sha512() {
    return std::make_unique<Sha512>();
}

}  // namespace kata::crypto

// What libkata-vm.so exports of this folder; the name is sandbox::kMakeSha512Symbol. The caller
// owns the result.
extern "C" [[gnu::visibility("default")]] kata::sandbox::Digest* kata_make_sha512() {
    return kata::crypto::make_sha512().release();
}
