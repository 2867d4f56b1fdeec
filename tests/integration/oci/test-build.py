"""podman build and buildah: each RUN, and each buildah run, is a container of the runtime under test."""
from podman import *

CONTAINERFILE = f"""
FROM {IMAGE}
ENV WORD=built
WORKDIR /made
COPY file copied
RUN echo $WORD >word && id -u >uid && pwd >folder
RUN --mount=type=bind,source=file,target=/bound cat /bound >bound
USER joe
RUN id -un >/tmp/user
RUN test ! -e /bound && ! touch /made/not-his
CMD ["sh", "-c", "cat word uid folder copied bound /tmp/user"]
"""
BUILT = "built\n0\n/made\ncontent\ncontent\njoe"


NAMES = iter(range(1000))


def group():
    """buildah's containers are in their "parent" itself."""
    return "--cgroup-parent", f"/{GROUP}/build-{next(NAMES)}"


class Build(PodmanCase):
    def folder(self, containerfile, name):
        write(f"{PLACE}/{name}/file", "content\n")
        write(f"{PLACE}/{name}/Containerfile", containerfile)
        return f"{PLACE}/{name}"

    def build(self, folder, *options):
        return podman("build", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", *group(),
                      "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", *options, folder)

    def test_of_a_containerfile(self):
        result = self.build(self.folder(CONTAINERFILE, "good"), "--tag", "localhost/built:1")
        self.assert_ends(result, 0)
        self.assertEqual(output("run", "--rm", *options(), "localhost/built:1"), BUILT)

    def test_a_command_that_fails(self):
        self.assert_ends(self.build(self.folder(f"FROM {IMAGE}\nRUN exit 7\n", "bad")), 7, "exit status 7")

    def test_a_program_that_is_missing(self):
        result = self.build(self.folder(f'FROM {IMAGE}\nRUN ["no-such-program"]\n', "missing"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no-such-program", result.stderr)


class Buildah(PodmanCase):
    def buildah(self, *args, **more):
        return call("buildah", *args, env=ENV, **more)

    def output_of(self, *args):
        result = self.buildah(*args)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout.rstrip("\n")

    def container(self):
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
        name = self.output_of("from", "--pull-never", *group(), *limits, IMAGE)
        self.addCleanup(self.buildah, "rm", name)
        return name

    def run_in(self, name, *words, **more):
        return self.buildah("run", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", name, *words, **more)

    def test_from_run_commit(self):
        name = self.container()
        self.assert_ends(self.run_in(name, "--", "sh", "-c", "echo made >/made; exit 3"), 3)
        self.output_of("config", "--cmd", "cat /made", name)
        self.output_of("commit", "--rm", name, "localhost/committed:1")
        self.assertEqual(output("run", "--rm", *options(), "localhost/committed:1"), "made")

    def test_run(self):
        name = self.container()
        got = self.run_in(name, "--", "sh", "-c", "read line; echo $line; echo two >&2; exit 5", stdin="one\n")
        self.assertEqual((got.returncode, got.stdout), (5, "one\n"))
        self.assertIn("two\n", got.stderr)
        write(f"{PLACE}/bound/file", "bound\n")
        self.assertEqual(self.output_of("run", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", "--user", "joe", "--env", "A=b",
                                        "-v", f"{PLACE}/bound:/there:ro", name, "--", "sh", "-c", "id -un; echo $A; cat /there/file"), "joe\nb\nbound")
        self.assertNotEqual(self.run_in(name, "--", "no-such-program").returncode, 0)

    def test_terminal(self):
        name = self.container()
        words = ["buildah", "run", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", "--terminal", name, "--",
                 "sh", "-c", "tty; read line; echo \"<$line>\"; exit 6"]
        t = self.terminal("env", "-i", *(f"{key}={value}" for key, value in ENV.items()), *words)
        t.expect("/dev/pts/")
        t.type("typed\r")
        t.expect("<typed>")
        self.assertEqual(t.end(), 6)


if __name__ == "__main__":
    main()
