"""What a configuration puts in namespaces: clocks of the container's own, and network devices of the host."""
from bundles import *

DAYS = 86400


class Clocks(BundleCase):
    SHOW = "cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets"

    def clocked(self, offsets, script, **namespace):
        namespaces = config()["linux"]["namespaces"] + [{"type": "time", **namespace}]
        return config(linux__namespaces=namespaces, linux__timeOffsets=offsets, process__args=["/bin/sh", "-c", script])

    def uptime(self):
        with open("/proc/uptime") as file:
            return int(file.read().split(".")[0])

    def run_to_its_end(self, document):
        code, output = self.create(document)
        self.assertEqual(code, 0, output)
        self.assert_ends(self.runtime("start", self.name), 0)
        poll(lambda: self.state()["status"] == "stopped", "it has stopped")
        with open(f"{self.bundle}/output") as file:
            return file.read().splitlines()

    def assert_shifted(self, lines):
        self.assertAlmostEqual(int(lines[0]), self.uptime() + 1000 * DAYS, delta=60)
        self.assertEqual([line.split() for line in lines[1:]], [["monotonic", str(500 * DAYS), "7"], ["boottime", str(1000 * DAYS), "0"]])

    def test_the_program_and_those_beside_it(self):
        offsets = {"monotonic": {"secs": 500 * DAYS, "nanosecs": 7}, "boottime": {"secs": 1000 * DAYS}}
        code, output = self.create(self.clocked(offsets, f"{self.SHOW}; exec sleep 600"))
        self.assertEqual(code, 0, output)
        self.assert_ends(self.runtime("start", self.name), 0)

        def shown():
            with open(f"{self.bundle}/output") as file:
                lines = file.read().splitlines()
            return lines if len(lines) == 3 else None
        self.assert_shifted(poll(shown, "three lines"))
        result = self.runtime("exec", self.name, "/bin/sh", "-c", self.SHOW)
        self.assert_ends(result, 0)
        self.assert_shifted(result.stdout.splitlines())

    def test_none_are_those_of_the_host(self):
        lines = self.run_to_its_end(self.clocked(None, self.SHOW))
        self.assertAlmostEqual(int(lines[0]), self.uptime(), delta=60)

    def test_somebody_elses(self):
        holder = subprocess.Popen(["unshare", "--time", "--boottime", str(1000 * DAYS), "--fork", "--kill-child", "sleep", "600"])
        self.addCleanup(lambda: (holder.kill(), holder.wait()))
        path = f"/proc/{holder.pid}/ns/time_for_children"
        poll(lambda: os.readlink(path) != os.readlink("/proc/self/ns/time"), "it has its own")
        lines = self.run_to_its_end(self.clocked(None, self.SHOW, path=path))
        self.assertAlmostEqual(int(lines[0]), self.uptime() + 1000 * DAYS, delta=60)

    def test_below_zero(self):
        code, output = self.create(self.clocked({"boottime": {"secs": -100000 * DAYS}}, self.SHOW))
        self.assertNotEqual(code, 0)
        self.assertIn("below zero", output)


class NetDevices(BundleCase):
    def setUp(self):
        super().setUp()
        self.ip("link", "add", "dev0", "type", "veth", "peer", "name", "far0")
        self.addCleanup(call, "ip", "link", "delete", "far0")
        self.ip("address", "add", "10.1.2.3/24", "dev", "dev0")
        self.ip("address", "add", "fd00:7::3/64", "dev", "dev0", "nodad")
        self.ip("link", "set", "dev0", "up")

    def ip(self, *args, pid=None):
        inside = ("nsenter", "--target", str(pid), "--net") if pid else ()
        result = call(*inside, "ip", "-json", *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout) if result.stdout.strip() else None

    def look(self, name, pid=None):
        """(is up, addresses of global scope)"""
        device, = self.ip("address", "show", "dev", name, pid=pid)
        return "UP" in device["flags"], [f"{one['local']}/{one['prefixlen']}" for one in device["addr_info"] if one["scope"] == "global"]

    def document(self, devices, **namespace):
        namespaces = [one for one in config()["linux"]["namespaces"] if one["type"] != "network"] + [{"type": "network", **namespace}]
        return config(ociVersion="1.3.0", process__args=["sleep", "600"], linux__namespaces=namespaces, linux__netDevices=devices)

    def test_with_another_name(self):
        code, output = self.create(self.document({"dev0": {"name": "eth0"}}))
        self.assertEqual(code, 0, output)
        self.assertEqual(self.look("eth0", self.state()["pid"]), (True, ["10.1.2.3/24", "fd00:7::3/64"]))
        self.assertNotEqual(call("ip", "link", "show", "dev0").returncode, 0)

    def test_to_a_namespace_that_is_there(self):
        holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.addCleanup(lambda: (holder.kill(), holder.wait()))
        path = f"/proc/{holder.pid}/ns/net"
        poll(lambda: os.readlink(path) != os.readlink("/proc/self/ns/net"), "it has its own")
        code, output = self.create(self.document({"dev0": {}}, path=path))
        self.assertEqual(code, 0, output)
        self.assertEqual(self.look("dev0", holder.pid), (True, ["10.1.2.3/24", "fd00:7::3/64"]))
        self.assert_ends(self.runtime("delete", "--force", self.name), 0)
        self.assertEqual(self.look("dev0", holder.pid), (True, ["10.1.2.3/24", "fd00:7::3/64"]))  # it is the namespace's

    def test_is_back_when_another_fails(self):
        code, output = self.create(self.document({"dev0": {"name": "eth0"}, "nosuch0": {}}))
        self.assertNotEqual(code, 0)
        self.assertIn('linux.netDevices["nosuch0"]', output)
        self.assertEqual(self.look("dev0"), (True, ["10.1.2.3/24", "fd00:7::3/64"]))

    def test_is_back_when_a_hook_fails(self):
        document = self.document({"dev0": {"name": "eth0"}})
        document["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
        code, output = self.create(document)
        self.assertNotEqual(code, 0)
        self.assertIn("hooks.createRuntime[0]", output)
        self.assertEqual(self.look("dev0"), (True, ["10.1.2.3/24", "fd00:7::3/64"]))

    def test_only_to_another_namespace(self):
        for document in (self.document({"dev0": {}}, path="/proc/self/ns/net"),
                         config(linux__namespaces=[{"type": "mount"}, {"type": "pid"}], linux__netDevices={"dev0": {}})):
            code, output = self.create(document)
            self.assertNotEqual(code, 0)
            self.assertIn("linux.netDevices", output)
            self.assertEqual(self.look("dev0"), (True, ["10.1.2.3/24", "fd00:7::3/64"]))


if __name__ == "__main__":
    main()
