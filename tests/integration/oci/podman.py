"""podman with the runtime under test, an image of busybox, and all folders below PLACE."""
from callers import *

IMAGE = "localhost/box:1"


def configure(place, runtime=RUNTIME, driver_options=""):
    """The files of podman and of buildah; the environment that names them. Hard limits can't be raised where tests run, and nobody keeps time
    or a log for others there: no systemd."""
    name = os.path.basename(runtime)
    conf = write(f"{place}/containers.conf", f"""
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
image_copy_tmp_dir = "{place}"
runtime_supports_json = ["{name}"]
runtime_supports_nocgroup = ["{name}"]
[network]
network_config_dir = "{place}/networks"
""")
    storage = write(f"{place}/storage.conf", f"""
[storage]
driver = "overlay"
graphroot = "{place}/graph"
runroot = "{place}/runroot"
[storage.options.overlay]
{driver_options}
""")
    env = {key: value for key, value in os.environ.items() if key not in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "LISTEN_PID", "LISTEN_FDS")}
    env.update(CONTAINERS_CONF=conf, CONTAINERS_STORAGE_CONF=storage, DISABLE_HC_SYSTEMD="true", HOME=place, TMPDIR=place)
    return env


ENV = configure(PLACE)


def podman(*args, **more):
    return call("podman", "--runtime", RUNTIME, *args, env=ENV, **more)


def output(*args, **more):
    """What podman prints when all goes well, without the line's end."""
    result = podman(*args, **more)
    if result.returncode != 0:
        raise AssertionError(f"podman {args}: {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout.rstrip("\n")


def import_image():
    if podman("image", "exists", IMAGE).returncode != 0:
        output("import", tar_of_the_root(), IMAGE)


def options(*more):
    """Of a container of the test. Most need no network of their own that anybody is told of."""
    network = () if any(word.split("=")[0] in ("--network", "--pod", "-p") for word in more) else ("--network", "none")
    group = () if any(word.split("=")[0] in ("--pod", "--cgroups", "--cgroup-parent") for word in more) else ("--cgroup-parent", "/" + GROUP)
    return (*network, *group, *more)


class PodmanCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import_image()

    def run_in(self, *words, **more):
        """podman run --rm OPTIONS -- COMMAND, apart by "--"."""
        at = words.index("--")
        return podman("run", "--rm", *options(*words[:at]), IMAGE, *words[at + 1:], **more)

    def output_in(self, *words, **more):
        result = self.run_in(*words, **more)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout.rstrip("\n")

    def start(self, *words):
        """A container that runs, by its id; removed after the test."""
        at = words.index("--")
        identity = output("run", "--detach", *options(*words[:at]), IMAGE, *words[at + 1:]).splitlines()[-1]
        self.addCleanup(podman, "rm", "--force", "--time", "0", "--ignore", identity)
        return identity

    def state(self, identity):
        return output("inspect", "--format", "{{.State.Status}}", identity)

    def pid(self, identity):
        return int(output("inspect", "--format", "{{.State.Pid}}", identity))

    def container_terminal(self, *words, **more):
        at = words.index("--")
        return self.podman_terminal("run", "--rm", "-it", *options(*words[:at]), IMAGE, *words[at + 1:], **more)

    def podman_terminal(self, *args, **more):
        return self.terminal("env", "-i", *(f"{key}={value}" for key, value in ENV.items()), "podman", "--runtime", RUNTIME, *args, **more)


__all__ = ["Case", "DEADLINE", "ENV", "GROUP", "IMAGE", "PLACE", "PodmanCase", "ROOTFS", "RUNTIME", "call", "configure", "cpu_limit_of", "group_of",
           "import_image", "limit_of", "main", "options", "os", "output", "podman", "poll", "status_of", "subprocess", "tar_of_the_root",
           "time", "unittest", "write"]
