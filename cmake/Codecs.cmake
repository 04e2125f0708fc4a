# The codecs that are compiled in, each optional: MICROTOME_DEFLATE, _ZSTD, _WEBP, _JPEG2000 = AUTO (when found), ON
# (required) or OFF. What is not compiled in is left to libvips at run time; JPEG and LZW need nothing from here.
# What is required and not there ends the configuration, all of it in one message; missing-codecs.txt in the build
# folder then has a line `codec|Debian package|what was not found` for each.
#
# Only static archives are taken, so that the addon depends on no further shared library and shows none of their
# symbols. The headers are copied into a folder of their own: their real one may be /usr/include, whose C library
# headers must not come before those of a compiler for an older glibc.

set(MICROTOME_CODEC_PREFIX "" CACHE PATH "Where the codecs' headers and archives are, beside the usual places")
set(MICROTOME_CODEC_HEADERS ${CMAKE_CURRENT_BINARY_DIR}/codec-headers)

# microtome_codec(<name> <source> HEADERS <header>… ARCHIVE <archive> NEEDS <archive>… SUFFIXES <include folder>…
#   RENAMES <symbol>… PACKAGE <Debian name>)
# The first header is looked for, the others lie beside it. NEEDS: what newer releases of the archive were split into.
# RENAMES: symbols of the C library that the archive must not have; a copy of it refers to microtome_openjpeg_<symbol>.
# The path of a copy of `archive` whose references to each symbol go to microtome_openjpeg_<symbol>.
function(microtome_renamed_copy archive out)
  get_filename_component(file ${archive} NAME)
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/codec-archives/${file})
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/codec-archives)
  set(renames "")
  foreach(symbol ${ARGN})
    list(APPEND renames --redefine-sym ${symbol}=microtome_openjpeg_${symbol})
  endforeach()
  execute_process(COMMAND ${CMAKE_OBJCOPY} ${renames} ${archive} ${copy} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${CMAKE_OBJCOPY} could not copy ${archive}: ${failed}")
  endif()
  set(${out} ${copy} PARENT_SCOPE)
endfunction()

function(microtome_codec name source)
  cmake_parse_arguments(ARG "" "ARCHIVE;PACKAGE" "HEADERS;NEEDS;SUFFIXES;RENAMES" ${ARGN})
  set(MICROTOME_${name} AUTO CACHE STRING "Compile the ${name} codec in: AUTO, ON or OFF")
  set_property(CACHE MICROTOME_${name} PROPERTY STRINGS AUTO ON OFF)
  if(NOT MICROTOME_${name} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "MICROTOME_${name} is ${MICROTOME_${name}}, expected AUTO, ON or OFF")
  endif()
  if(MICROTOME_${name} STREQUAL "OFF")
    return()
  endif()

  set(places HINTS ${MICROTOME_CODEC_PREFIX} PATHS /usr /usr/local)
  list(GET ARG_HEADERS 0 first)
  # What was found by an earlier configuration may have been removed since.
  if(MICROTOME_${name}_INCLUDE AND NOT EXISTS ${MICROTOME_${name}_INCLUDE}/${first})
    unset(MICROTOME_${name}_INCLUDE CACHE)
  endif()
  find_path(MICROTOME_${name}_INCLUDE NAMES ${first} ${places} PATH_SUFFIXES include ${ARG_SUFFIXES})
  set(missing "")
  if(NOT MICROTOME_${name}_INCLUDE)
    set(missing "${first}")
  endif()
  set(archives "")
  foreach(archive ${ARG_ARCHIVE} ${ARG_NEEDS})
    if(MICROTOME_${archive} AND NOT EXISTS ${MICROTOME_${archive}})
      unset(MICROTOME_${archive} CACHE)
    endif()
    find_library(MICROTOME_${archive} NAMES ${archive} ${places}
      PATH_SUFFIXES lib lib64 lib/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
    if(MICROTOME_${archive})
      list(APPEND archives ${MICROTOME_${archive}})
    elseif(archive STREQUAL ARG_ARCHIVE)
      set(missing "${missing} ${archive}")
    endif()
  endforeach()
  string(STRIP "${missing}" missing)
  set(packages "")
  if(missing)
    set(packages "${ARG_PACKAGE}")
  endif()
  if(ARG_RENAMES AND NOT CMAKE_OBJCOPY)
    string(STRIP "${missing} objcopy" missing)
    string(STRIP "${packages} binutils" packages)
  endif()
  if(missing)
    if(MICROTOME_${name} STREQUAL "ON")
      set_property(GLOBAL APPEND PROPERTY MICROTOME_MISSING_CODECS "${name}|${packages}|${missing}")
      return()
    endif()
    message(STATUS "${name}: left to libvips, not found: ${missing} (Debian: ${packages})")
    return()
  endif()

  foreach(header ${ARG_HEADERS})
    configure_file(${MICROTOME_${name}_INCLUDE}/${header} ${MICROTOME_CODEC_HEADERS}/${header} COPYONLY)
  endforeach()
  message(STATUS "${name}: compiled in from ${archives}")
  if(ARG_RENAMES)
    microtome_renamed_copy(${archives} archives ${ARG_RENAMES})
  endif()
  target_sources(microtome_core PRIVATE ${source})
  target_compile_definitions(microtome_core PUBLIC MICROTOME_WITH_${name})
  target_include_directories(microtome_core SYSTEM PUBLIC ${MICROTOME_CODEC_HEADERS})
  target_link_libraries(microtome_core PUBLIC ${archives})
endfunction()

# Sources of optional codecs, to be left out of the list of all sources.
set(MICROTOME_CODEC_SOURCES "native/decode/codec_(deflate|zstd|webp|jpeg2000)\\.cc$")

function(microtome_codecs)
  microtome_codec(DEFLATE native/decode/codec_deflate.cc
    HEADERS libdeflate.h ARCHIVE libdeflate.a PACKAGE libdeflate-dev)
  microtome_codec(ZSTD native/decode/codec_zstd.cc
    HEADERS zstd.h zstd_errors.h ARCHIVE libzstd.a PACKAGE libzstd-dev)
  microtome_codec(WEBP native/decode/codec_webp.cc
    HEADERS webp/decode.h webp/encode.h webp/types.h ARCHIVE libwebp.a NEEDS libsharpyuv.a PACKAGE libwebp-dev)
  # Its archive holds references to stdout that cannot be linked into a shared object, and it prints and aborts.
  microtome_codec(JPEG2000 native/decode/codec_jpeg2000.cc
    HEADERS openjpeg.h opj_config.h opj_stdint.h ARCHIVE libopenjp2.a
    RENAMES stdout stderr fprintf __fprintf_chk fputc fwrite getenv __assert_fail
    SUFFIXES include/openjpeg-2.5 include/openjpeg-2.4 PACKAGE libopenjp2-7-dev)

  get_property(missing GLOBAL PROPERTY MICROTOME_MISSING_CODECS)
  set(list ${CMAKE_CURRENT_BINARY_DIR}/missing-codecs.txt)
  file(REMOVE ${list})
  if(missing)
    list(JOIN missing "\n" lines)
    file(WRITE ${list} "${lines}\n")
    message(FATAL_ERROR "These codecs are required (ON) and their static libraries were not found "
      "(codec|Debian package|not found):\n${lines}")
  endif()
endfunction()
