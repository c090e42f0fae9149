#!/usr/bin/env bash
# Generates a Java and a TypeScript client from the .proto files and compiles
# them with a caller of each. All that it makes is in .buf/clients.
#
# Usage: scripts/check-clients.sh, from the root; make check-clients does it.
#
# Java needs protoc, grpc_java_plugin and javac, and the jars that the generated
# code uses in JARS; Debian has them in protobuf-compiler,
# protobuf-compiler-grpc-java-plugin, default-jdk-headless and libgrpc-java.
# TypeScript needs npm, which fetches what tools/clients/ts locks.
set -euo pipefail

out=.buf/clients
jars=${JARS:-/usr/share/java}

missing=
for program in protoc grpc_java_plugin javac npm; do
	command -v "$program" >/dev/null || missing="$missing $program"
done
for jar in protobuf grpc-api grpc-stub grpc-protobuf guava geronimo-annotation-1.3-spec; do
	[ -e "$jars/$jar.jar" ] || missing="$missing $jars/$jar.jar"
done
if [ -n "$missing" ]; then
	echo "check-clients.sh: not here:$missing; the head of the script says where they come from" >&2
	exit 1
fi

rm -rf "$out"
mkdir -p "$out/java/source" "$out/java/classes" "$out/ts"
export BUF_CACHE_DIR=.buf/cache
.bin/buf build -o "$out/contract.binpb"

plugin=$(command -v grpc_java_plugin)
(cd proto && find tenfold -name '*.proto' && cd ../.buf/imports && find buf google -name '*.proto') >"$out/files"
protoc --descriptor_set_in="$out/contract.binpb" --java_out="$out/java/source" \
	--plugin=protoc-gen-grpc-java="$plugin" --grpc-java_out="$out/java/source" @"$out/files"
find "$out/java/source" -name '*.java' >"$out/sources"
javac -nowarn -Xlint:none -proc:none -d "$out/java/classes" \
	-cp "$jars/protobuf.jar:$jars/grpc-api.jar:$jars/grpc-stub.jar:$jars/grpc-protobuf.jar:$jars/guava.jar:$jars/geronimo-annotation-1.3-spec.jar" \
	@"$out/sources" tools/clients/java/Use.java
echo "the Java client compiles"

cp tools/clients/ts/package.json tools/clients/ts/package-lock.json tools/clients/ts/tsconfig.json tools/clients/ts/use.ts "$out/ts/"
npm ci --prefix "$out/ts" --no-audit --no-fund --silent
.bin/buf generate --template tools/clients/ts/buf.gen.yaml -o "$out/ts" --path proto/tenfold
npm exec --prefix "$out/ts" -- tsc -p "$out/ts"
echo "the TypeScript client compiles"
