"""What a kubelet asks of containerd for a pod whose RuntimeClass names the runtime under test: pods, containers, exec, limits, by the CRI."""
import json

import cri
from containerd import *

POD, NODE = 0, 2  # of NamespaceMode
CREATED, RUNNING, EXITED = range(3)  # of ContainerState
# Tests may run without the right to lower the score of who is killed when memory is short, which a pod's own container asks for.
CRI_CONFIG = f"""
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/library/pause:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "other"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.other]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.other.options]
BinaryName = "/no-such-runtime"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ours]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ours.options]
BinaryName = "{RUNTIME}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{PLACE}/cni"
"""
NETWORK = {"cniVersion": "0.4.0", "name": "pods", "plugins": [
    {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipMasq": False,
     "ipam": {"type": "host-local", "dataDir": f"{PLACE}/cni-addresses", "ranges": [[{"subnet": "10.99.0.0/24"}]]}}]}


class Pods(Case):
    names = iter(range(1000))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write(f"{PLACE}/cni/pods.conflist", json.dumps(NETWORK))
        cls.daemon = start_containerd(CRI_CONFIG)
        cls.addClassCleanup(lambda: (cls.daemon.terminate(), cls.daemon.wait(DEADLINE)))
        for name, command in (("box", ["sh"]), ("pause", ["sleep", "1000000"])):
            output("image", "import", write_archive(f"{PLACE}/{name}.tar", tar_of_the_root(), f"docker.io/library/{name}:1", command), namespace="k8s.io")

    def call(self, method, *message):
        return cri.call(SOCKET, method, message, PLACE)

    def pod(self, *linux, network=POD, handler="ours"):
        """Its id and its configuration."""
        name = f"pod{next(self.names)}"
        config = [(1, [(1, name), (2, name + "-uid"), (3, "default")]), (2, name if network == POD else ""), (3, f"{PLACE}/logs"),
                  (8, [(1, "/" + GROUP), (2, [(1, [(1, network)])]), *linux])]
        identity = self.call("RunPodSandbox", (1, config), (2, handler))[1].decode()
        self.addCleanup(self.remove, identity)
        return identity, config

    def remove(self, pod):
        try:
            self.call("StopPodSandbox", (1, pod))
        except cri.Refused as error:
            self.assertIn("not found", str(error))
        self.call("RemovePodSandbox", (1, pod))

    def container(self, pod, *command, resources=(), more=(), start=True):
        name = f"c{next(self.names)}"
        config = [(1, [(1, name)]), (2, [(1, "docker.io/library/box:1")]), *((3, word) for word in command), (11, name + ".log"),
                  (15, [(1, list(resources))]), *more]
        identity = self.call("CreateContainer", (1, pod[0]), (2, config), (3, pod[1]))[1].decode()
        if start:
            self.call("StartContainer", (1, identity))
        return identity

    def status(self, container):
        status = cri.decode(self.call("ContainerStatus", (1, container))[1])
        return status.get(3, 0), status.get(7, 0)

    def exec(self, container, *command):
        answer = self.call("ExecSync", (1, container), *((2, word) for word in command), (3, 30))
        return answer.get(3, 0), answer.get(1, b"").decode(), answer.get(2, b"").decode()

    def pid(self, identity):
        for line in output("task", "ls", namespace="k8s.io").splitlines():
            if line.split()[0] == identity:
                return int(line.split()[1])
        raise AssertionError(f"no task {identity}")

    def test_life_of_a_container(self):
        pod = self.pod()
        container = self.container(pod, "sh", "-c", "trap 'exit 11' TERM; echo ready; while :; do sleep 0.05; done", start=False)
        self.assertEqual(self.status(container)[0], CREATED)
        self.call("StartContainer", (1, container))
        self.assertEqual(self.status(container)[0], RUNNING)
        self.assertEqual(self.exec(container, "sh", "-c", "hostname; echo two >&2; exit 5"), (5, cri.decode(cri.encode(pod[1]))[2].decode() + "\n", "two\n"))
        self.call("StopContainer", (1, container), (2, 10))
        self.assertEqual(self.status(container), (EXITED, 11))
        log = cri.decode(self.call("ContainerStatus", (1, container))[1])[15].decode()
        with open(log) as file:
            self.assertIn("stdout F ready\n", file.read())
        self.call("RemoveContainer", (1, container))

    def test_containers_of_a_pod_share_its_namespaces(self):
        pod = self.pod()
        pids = [self.pid(pod[0])] + [self.pid(self.container(pod, "sleep", "1000")) for _ in range(2)]
        for kind, count in (("net", 1), ("ipc", 1), ("uts", 1), ("pid", 1), ("mnt", 3)):
            self.assertEqual(len({os.readlink(f"/proc/{pid}/ns/{kind}") for pid in pids}), count, kind)

    def test_network_of_pods(self):
        first, second = (self.container(self.pod(), "nc", "-ll", "-p", "80", "-e", "/bin/hostname") for _ in range(2))
        code, address, _ = self.exec(second, "sh", "-c", "ip -4 -o address show dev eth0 | sed 's/.*inet //; s#/.*##'")
        self.assertEqual((code, address[:8]), (0, "10.99.0."))
        code, name, errors = self.exec(first, "sh", "-c", f"nc -w 5 {address.strip()} 80 </dev/null")
        self.assertEqual((code, name[:3]), (0, "pod"), errors)

    def test_the_node_s_network(self):
        container = self.container(self.pod(network=NODE), "sleep", "1000")
        self.assertEqual(self.exec(container, "readlink", "/proc/self/ns/net")[1].strip(), os.readlink("/proc/self/ns/net"))

    def test_limits_and_their_update(self):
        container = self.container(self.pod(), "sleep", "1000", resources=[(1, 100000), (2, 50000), (3, 512), (4, 32 << 20), (5, 500)])
        pid = self.pid(container)
        self.assertEqual((limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), cpu_limit_of(pid)), (str(32 << 20), 0.5))
        with open(f"/proc/{pid}/oom_score_adj") as file:
            self.assertEqual(file.read(), "500\n")
        self.call("UpdateContainerResources", (1, container), (2, [(1, 100000), (2, 25000), (4, 48 << 20)]))
        self.assertEqual((limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), cpu_limit_of(pid)), (str(48 << 20), 0.25))
        self.assertTrue(cri.decode(self.call("ContainerStats", (1, container))[1])[1])

    def test_mounts_and_environment(self):
        write(f"{PLACE}/bound/file", "bound\n")
        container = self.container(self.pod(), "sleep", "1000", more=[(5, "/home"), (6, [(1, "A"), (2, "b")]),
                                                                      (7, [(1, "/there"), (2, f"{PLACE}/bound"), (3, 1)])])
        code, out, errors = self.exec(container, "sh", "-c", "echo $A; pwd; cat /there/file; touch /there/new")
        self.assertEqual((code, out), (1, "b\n/home\nbound\n"))
        self.assertIn("Read-only file system", errors)

    def test_a_program_that_is_missing(self):
        pod = self.pod()
        with self.assertRaisesRegex(cri.Refused, "no-such-program.*(not found|no such file)"):
            self.container(pod, "no-such-program")
        container = self.container(pod, "sleep", "1000")
        with self.assertRaisesRegex(cri.Refused, "executable file not found"):
            self.exec(container, "no-such-program")

    def test_another_handler_is_another_runtime(self):
        with self.assertRaisesRegex(cri.Refused, "no-such-runtime"):
            self.pod(handler="other")

    def test_all_is_gone_with_the_pod(self):
        pod = self.pod()
        container = self.container(pod, "sleep", "1000")
        pids = [self.pid(identity) for identity in (pod[0], container)]
        groups = [group_of(pid, "pids") for pid in pids]
        self.assertTrue(all(os.path.isdir(group) and GROUP in group for group in groups), groups)
        self.remove(pod[0])
        self.assertFalse([path for path in groups + [f"/proc/{pid}" for pid in pids] if os.path.exists(path)])
        self.assertNotIn(container, os.listdir("/run/containerd/runc/k8s.io"))


if __name__ == "__main__":
    main()
