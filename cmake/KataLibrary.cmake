# One library per folder, and a folder's headers are reachable only by those who link its library:
# each library gets an include root of its own in the build tree that holds nothing but a link to its folder.
# A forbidden include therefore fails to build with "No such file" (who may include whom: README, "Layout").

# kata_include_root(TARGET SCOPE PATH...): lets TARGET's users include the given folders or headers by their
# path from the top of the source tree.
function(kata_include_root target scope)
  set(root "${CMAKE_BINARY_DIR}/include/${target}")
  foreach(path IN LISTS ARGN)
    get_filename_component(parent "${root}/${path}" DIRECTORY)
    file(MAKE_DIRECTORY "${parent}")
    if(NOT IS_SYMLINK "${root}/${path}")
      file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${path}" "${root}/${path}" SYMBOLIC)
    endif()
  endforeach()
  target_include_directories(${target} ${scope} "${root}")
endfunction()

# kata_library(TARGET FOLDER SOURCES... ): a static library of the folder's sources.
function(kata_library target folder)
  add_library(${target} STATIC ${ARGN})
  kata_include_root(${target} PUBLIC ${folder})
endfunction()
