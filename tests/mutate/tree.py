# SPDX-License-Identifier: Apache-2.0
"""A copy of the tree with a build of its tests, in which one file at a time is mutated."""
import collections
import contextlib
import hashlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

LAYERS = ["proto_mem", "proto_wire", "base", "config", "signing", "io", "providers", "vault", "server", "app", "client",
          "cli"]
FOLDERS = {"proto/mem": "proto_mem", "proto/wire": "proto_wire", "clients/c": "client", "clients/cli": "cli",
           **{f"sidecar/{name}": name for name in LAYERS[2:10]}}
FLAGS = "-w -finstrument-functions -finstrument-functions-exclude-file-list=tests/"
LEAST_TIMEOUT_S = 10

Test = collections.namedtuple("Test", "name layer text arguments seconds functions")


def layer_of(path):
    return FOLDERS.get(str(pathlib.PurePosixPath(path).parent), "app")


def sources_of(root):
    """Paths of the product's files."""
    listed = subprocess.run(["git", "ls-files", "proto", "sidecar", "clients"], cwd=root, capture_output=True, text=True,
                            check=True).stdout.split()
    return [p for p in listed if p.endswith((".c", ".h")) and (root / p).exists()]


# What end-to-end tests show of a layer first, for --e2e.
E2E = {
    "proto_mem": ["secrets", "api"], "proto_wire": ["api", "sign_api", "clients"], "base": ["failures", "config"],
    "config": ["config", "shared_files", "environments", "shared_config_judge"],
    "signing": ["roles_anywhere_keys", "pkcs11_provider", "sigv4_judge", "certificate_rotation"],
    "io": ["proxy", "watch", "lifecycle", "host_process"],
    "providers": ["sources", "host_sources", "host_process", "sso", "secretsmanager", "login_session", "mfa",
                  "roles_anywhere_keys", "certificate_expiry"],
    "vault": ["renewal", "failures", "reload", "mfa"], "server": ["api", "sign_api", "sso_login", "lifecycle"],
    "app": ["lifecycle", "reload", "config", "keys_that_hang"], "client": ["clients"], "cli": ["cli", "cli_more"],
}


class Tree:
    def __init__(self, root, folder, asan=False, whole=False):
        self.root, self.folder, self.asan, self.whole = root, folder, asan, whole
        self.build_folder = folder / "build"

    def copy(self):
        """Brings the copy up to date; what is the same keeps its time, so that it is not built anew."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root,
                                capture_output=True, text=True, check=True).stdout
        wanted = {p for p in listed.split("\0") if p and (self.root / p).is_file()}
        for path in wanted:
            source, target = self.root / path, self.folder / path
            content = source.read_bytes()
            if not target.exists() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                shutil.copymode(source, target)
        for target in self.folder.rglob("*"):
            path = target.relative_to(self.folder).as_posix()
            if target.is_file() and not path.startswith("build/") and path not in wanted:
                target.unlink()

    def configure(self):
        self.build_folder.mkdir(parents=True, exist_ok=True)
        source = self.folder / "tests/mutate/trace.c"  # another name links the programs anew
        trace = self.build_folder / f"trace-{hashlib.sha256(source.read_bytes()).hexdigest()[:8]}.o"
        subprocess.run(["cc", "-O1", "-c", "-o", trace, source], check=True)
        leaks = "" if self.asan else "-fsanitize=leak"  # no leak is missed, and nothing is instrumented for it
        gold = "-fuse-ld=gold" if shutil.which("ld.gold") and not self.asan else ""
        flags, linker = (FLAGS, f"{trace} {gold} {leaks}") if not self.whole else ("-w", "")
        ccache = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        subprocess.run(["cmake", "-G", "Ninja", "-S", self.folder, "-B", self.build_folder, *ccache,
                        "-DCMAKE_BUILD_TYPE=Debug", "-DKEYFOB_TESTS=ON", "-DKEYFOB_WERROR=OFF", "-DKEYFOB_MUSL=OFF",
                        f"-DKEYFOB_SANITIZE={'ON' if self.asan else 'OFF'}", f"-DCMAKE_C_FLAGS={flags}",
                        "-DCMAKE_C_FLAGS_DEBUG=-g1", f"-DCMAKE_EXE_LINKER_FLAGS={linker}"],
                       check=True, stdout=subprocess.DEVNULL, env=self.environment())

    def environment(self):
        return {**os.environ, "CCACHE_BASEDIR": str(self.folder), "CCACHE_NOHASHDIR": "1",
                "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "LSAN_OPTIONS": "exitcode=23:allocator_may_return_null=1"}

    def build(self, targets, jobs, caches=False):
        """Whether these could be built."""
        environment = self.environment() if caches else {**self.environment(), "CCACHE_DISABLE": "1"}
        return subprocess.run(["ninja", "-C", self.build_folder, f"-j{jobs}", *targets], capture_output=True,
                              env=environment).returncode == 0

    def program(self, test):
        return self.build_folder / test.name

    def end(self, process, run):
        """Ends what a test has started: its group, and what has left that with its environment."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if f"MUTATE_RUN={run}".encode() in entry.read_bytes().split(b"\0"):
                    os.kill(int(entry.parent.name), signal.SIGKILL)

    def run(self, test, trace=None):
        """Seconds that it took; None: it failed or did not end."""
        limit = max(LEAST_TIMEOUT_S, 5 * test.seconds + 5) if test.seconds else 600
        run = secrets.token_hex(8)
        environment = {**self.environment(), "MUTATE_RUN": run}
        if trace:
            environment["MUTATE_TRACE"] = str(trace)
        begin = time.monotonic()
        arguments = [str(self.folder / a) for a in test.arguments]
        # What it starts in sessions of its own outlives it, and may turn for ever: the processor's time is limited, too.
        argv = ["prlimit", f"--cpu={int(limit) + 1}", str(self.program(test)), *arguments]
        with subprocess.Popen(argv, cwd=self.build_folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            self.end(process, run)
        return time.monotonic() - begin if code == 0 else None

    def end_to_end(self, layer, python):
        """Whether the layer's end-to-end tests pass, with binaries of this tree; those that fail without a mutation, too,
        are the caller's concern."""
        files = [f"tests/e2e/test_{name}.py" for name in E2E[layer]]
        run = secrets.token_hex(8)
        environment = {**os.environ, "KEYFOB_BUILD": str(self.build_folder), "KEYFOB_RELEASE": str(self.build_folder),
                       "MUTATE_RUN": run}
        with subprocess.Popen([python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files], cwd=self.folder,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                return process.wait(1200) == 0
            except subprocess.TimeoutExpired:
                return False
            finally:
                self.end(process, run)

    def tests(self):
        """All unit, torture and replayed fuzzing programs, as ctest names them."""
        found = []
        for layer in LAYERS:
            for kind, prefix in (("unit", f"{layer}_"), ("torture", f"torture_{layer}_"), ("fuzz", "")):
                for source in sorted((self.folder / "tests" / kind / layer).glob(f"{'test' if kind == 'unit' else kind}_*.c")):
                    name = source.stem if kind != "torture" else source.stem.removeprefix("torture_")
                    corpus = f"tests/fuzz/{layer}/corpus/{name.removeprefix('fuzz_')}"
                    found.append(Test(prefix + name, layer, source.read_text(), (corpus,) if kind == "fuzz" else (), 0, ()))
        return found
