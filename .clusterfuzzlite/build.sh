#!/bin/bash
# Builds every fuzz target for libFuzzer: programs, seed corpora, options. ClusterFuzzLite and OSS-Fuzz run this in their
# container, and `cargo xtask fuzz` runs the same here.
#
# OUT        where everything goes
# SANITIZER  address, none, or coverage
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-$PWD/target/fuzz/out}
target=x86_64-unknown-linux-gnu
export RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-nightly}

# What cargo-fuzz says to the compiler.
flags=--cfg=fuzzing
for counter in level=4 inline-8bit-counters pc-table trace-compares stack-depth; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$counter"
done
flags+=" -Cpasses=sancov-module -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
case ${SANITIZER:-address} in
    address) flags+=" -Zsanitizer=address" ;;
    none) ;;
    coverage) flags=--cfg=fuzzing\ -Cinstrument-coverage ;;
    *) echo "SANITIZER=$SANITIZER is none that is known here: address, none, coverage" >&2; exit 1 ;;
esac

RUSTFLAGS=$flags cargo build --release --bins --target $target \
    --manifest-path tests/fuzz/fuzz/Cargo.toml --target-dir target/fuzz/build

mkdir -p "$out"
for program in tests/fuzz/fuzz/fuzz_targets/*.rs; do
    name=$(basename "$program" .rs)
    cp "target/fuzz/build/$target/release/$name" "$out/$name"
    # The inputs of the corpus, and those that once broke something.
    rm -f "$out/${name}_seed_corpus.zip"
    inputs=$(find "tests/fuzz/corpus/$name" "tests/fuzz/regressions/$name" -type f 2>/dev/null | sort || true)
    zip -q -j "$out/${name}_seed_corpus.zip" $inputs
    printf '[libfuzzer]\nmax_len = 8192\ntimeout = 10\n' > "$out/$name.options"
done
