# What Scripts/check-embedded and Scripts/measure-decoder share; read by them with `.`, from the folder of the project.

tools="$(dirname "$(readlink -f "$(command -v swift)")")"

# Compiles the modules of a layer or a client as Embedded Swift, as firmware does, without SwiftPM.
#   compile_embedded TRIPLE MODULES NAME FOLDER OPTION...
# MODULES is the folder that imported modules are in and where the new one goes, with NAME.o; what the compiler says
# goes to $MODULES/log. Without a heap or a runtime: the options are those of Examples/BareMetal/Boards/virt-rv32/toolset.json.
compile_embedded() {
  local triple=$1 modules=$2 module=$3 folder=$4
  shift 4
  local sources features
  # Folders of targets of their own are not part of the core target around them; the compiler would not find their
  # C libraries.
  mapfile -t sources < <(
    find "$folder" -name '*.swift' -not -path 'Sources/OTACrypto/OpenSSL/*' -not -path 'Sources/OTACrypto/PKCS11/*' \
      -not -path 'Sources/OTACrypto/Sodium/*' -not -path 'Sources/OTADelta/BZip2/*' \
      -not -path 'Sources/OTADelta/Containers/*' -not -path 'Sources/OTADelta/LZMA/*' \
      -not -path 'Sources/OTADelta/Streams/*' \
      -not -path 'Sources/OTADelta/VCDIFF/*' -not -path 'Sources/OTADelta/Zlib/*' \
      -not -path 'Sources/OTADelta/Zstd/*' -not -path 'Sources/OTAPartition/MCUboot/OpenSSL/*' | sort)
  # The language settings that all targets have.
  mapfile -t features < <(
    sed -nE 's/^  \.enable(Upcoming|Experimental)Feature\("([A-Za-z]+)"\),$/-enable-\L\1\E-feature\n\2/p' Package.swift)
  local machine=()
  case $triple in
    armv7em-*) machine=(-Xcc -mcpu=cortex-m4 -Xcc -mfloat-abi=soft -Xcc -ffreestanding) ;;
  esac
  swiftc -target "$triple" "${machine[@]}" -swift-version 6 "${features[@]}" -strict-memory-safety \
    -enable-experimental-feature Embedded -wmo -Osize -parse-as-library -warnings-as-errors \
    -Xfrontend -function-sections -Xfrontend -disable-stack-protector \
    -package-name swift_ota -module-name "$module" -I "$modules" \
    -emit-module -emit-module-path "$modules/$module.swiftmodule" -c -o "$modules/$module.o" \
    "$@" "${sources[@]}" >"$modules/log" 2>&1
}
