# Precompiled headers: what most files include costs more to parse than the files themselves. The compiler is shown
# them first; each file still names all that it uses (clang-tidy looks at the files without them).
set(KATA_STANDARD_HEADERS <algorithm> <array> <cerrno> <chrono> <cstdint> <filesystem> <functional> <map> <memory>
  <optional> <set> <string> <string_view> <utility> <variant> <vector>)
set(KATA_JSON_HEADERS <nlohmann/json.hpp>)
set(KATA_GRPC_HEADERS <grpcpp/grpcpp.h>)
set(KATA_TEST_HEADERS <gmock/gmock.h> <gtest/gtest.h>)

# kata_precompile(TARGET [HEADERS...]): the standard headers and those.
function(kata_precompile target)
  target_precompile_headers(${target} PRIVATE ${KATA_STANDARD_HEADERS} ${ARGN})
  # ccache preprocesses first, and has to see that a precompiled header was used.
  # g++ 12 takes the library's inlined code for ours when it comes from there, and has false alarms about it.
  # clang, which builds the fuzzers, knows none of these warnings.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-restrict -Wno-stringop-overread -Wno-stringop-overflow)
  endif()
endfunction()
