"""podman run's options: limits, ids, mounts, capabilities, devices, networks; pods."""
import json
import socket

from podman import *


class Limits(PodmanCase):
    def test_memory(self):
        box = self.start("--memory", "32m", "--", "sleep", "1000")
        self.assertEqual(limit_of(self.pid(box), "memory", "memory.limit_in_bytes", "memory.max"), str(32 << 20))

    def test_out_of_memory(self):
        self.assert_ends(self.run_in("--memory", "16m", "--", "tail", "/dev/zero"), 137)

    def test_processes(self):
        box = self.start("--pids-limit", "7", "--", "sleep", "1000")
        self.assertEqual(limit_of(self.pid(box), "pids", "pids.max", "pids.max"), "7")
        self.assertIn("fork", podman("exec", box, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done").stderr)

    def test_processors(self):
        box = self.start("--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--", "sleep", "1000")
        pid = self.pid(box)
        self.assertEqual(cpu_limit_of(pid), 0.5)
        self.assertEqual(limit_of(pid, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
        self.assertIn(limit_of(pid, "cpu", "cpu.shares", "cpu.weight"), ("512", "20"))
        self.assertEqual(status_of(pid)["Cpus_allowed_list"], "0")

    def test_update(self):
        box = self.start("--memory", "32m", "--", "sleep", "1000")
        output("update", "--memory", "48m", "--cpus", "0.25", box)
        pid = self.pid(box)
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(48 << 20))
        self.assertEqual(cpu_limit_of(pid), 0.25)

    def test_ulimit_and_oom_score(self):
        self.assertEqual(self.output_in("--ulimit", "nofile=100:200", "--ulimit", "nproc=900:900", "--ulimit", "core=0:0", "--oom-score-adj", "321", "--",
                                        "sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj"), "100\n200\n0\n321")

    @unittest.skipIf(os.path.basename(RUNTIME) == "runc", "runc has no --cgroup-manager")
    def test_without_groups(self):
        self.assertEqual(self.output_in("--cgroups=disabled", "--", "echo", "none"), "none")

    def test_the_host_s_cgroups(self):
        self.assertIn(GROUP, self.output_in("--cgroupns", "host", "--", "cat", "/proc/self/cgroup"))
        self.assertNotIn(GROUP, self.output_in("--cgroupns", "private", "--", "cat", "/proc/self/cgroup"))


class Ids(PodmanCase):
    def maps(self, *words):
        return [tuple(map(int, line.split())) for line in self.output_in(*words, "--", "cat", "/proc/self/uid_map").splitlines()]

    def test_given_ones(self):
        got = self.output_in("--uidmap", "0:600000000:5000", "--gidmap", "0:600005000:5000", "--", "sh", "-c",
                             "cat /proc/self/uid_map /proc/self/gid_map; id -u; stat -c %u:%g /etc/passwd /home/joe; touch /root/new").split()
        self.assertEqual(got, ["0", "600000000", "5000", "0", "600005000", "5000", "0", "0:0", "1000:1000"])

    def test_automatic_ones(self):
        (inside, outside, size), = self.maps("--userns", "auto")
        self.assertEqual(inside, 0)
        self.assertTrue(600000000 <= outside < 601000000 and size >= 1024, (outside, size))
        (inside, outside, size), = self.maps("--userns", "auto:size=3000")
        self.assertEqual((inside, size), (0, 3000))

    def test_a_user_in_them(self):
        self.assertEqual(self.output_in("--userns", "auto", "--user", "joe", "--", "sh", "-c", "id -u; touch /home/joe/x; stat -c %u /home/joe/x"),
                         "1000\n1000")

    def test_terminal_and_exec_in_them(self):
        box = self.start("-t", "--userns", "auto", "--", "sleep", "1000")
        self.assertEqual(output("exec", box, "sh", "-c", "id -u; tty || :; cat /proc/self/uid_map | wc -l").split()[0], "0")
        t = self.podman_terminal("exec", "-it", box, "sh", "-c", "echo hi >$(tty) && echo done")
        t.expect("hi")
        t.expect("done")
        self.assertEqual(t.end(), 0)


class Mounts(PodmanCase):
    def folder(self, name):
        path = f"{PLACE}/mounts-{name}"
        os.makedirs(path, exist_ok=True)
        write(path + "/file", name + "\n")
        return path

    def test_binds(self):
        path = self.folder("bind")
        self.assertEqual(self.output_in("-v", f"{path}:/there", "-v", f"{path}/file:/etc/single:ro", "--", "sh", "-c",
                                        "cat /there/file /etc/single; echo new >/there/new; echo x 2>/dev/null >/etc/single || :").splitlines()[:2], ["bind", "bind"])
        with open(path + "/new") as file:
            self.assertEqual(file.read(), "new\n")

    def test_options_of_a_bind(self):
        path = self.folder("options")
        got = self.output_in("-v", f"{path}:/there:ro,noexec,nosuid,nodev", "--", "sh", "-c", "grep ' /there ' /proc/self/mountinfo")
        for option in ("ro", "noexec", "nosuid", "nodev"):
            self.assertIn(option, got.split()[5].split(","))
        result = self.run_in("-v", f"{path}:/there:ro", "--", "sh", "-c", "echo x >/there/file")
        self.assert_ends(result, 1, "Read-only file system")

    def test_mount_form_and_propagation(self):
        path = self.folder("shared")
        subprocess.run(["mount", "--bind", path, path], check=True)
        self.addCleanup(subprocess.run, ["umount", path], check=True)
        subprocess.run(["mount", "--make-shared", path], check=True)
        for name in ("rprivate", "rslave", "rshared"):
            line = self.output_in("--mount", f"type=bind,src={path},dst=/there,bind-propagation={name}", "--", "grep", " /there ", "/proc/self/mountinfo")
            marks = [word.split(":")[0] for word in line.split()[6:line.split().index("-")]]
            self.assertEqual(marks, {"rprivate": [], "rslave": ["master"], "rshared": ["shared"]}[name], line)

    def test_volume_that_keeps(self):
        self.addCleanup(podman, "volume", "rm", "--force", "kept")
        self.output_in("-v", "kept:/home", "--", "touch", "/home/mine")
        self.assertEqual(self.output_in("-v", "kept:/home", "--", "ls", "/home"), "joe\nmine")

    def test_read_only_and_tmpfs(self):
        self.assert_ends(self.run_in("--read-only", "--", "touch", "/file"), 1, "Read-only file system")
        self.assertEqual(self.output_in("--read-only", "--tmpfs", "/mem:size=1m,mode=700", "--", "sh", "-c",
                                        "touch /mem/file /tmp/file /dev/shm/file; stat -c %a /mem; df -k /mem | tail -n 1").split()[:3:1][:1], ["700"])

    def test_size_of_shared_memory(self):
        self.assertIn("size=2048k", self.output_in("--shm-size", "2m", "--", "grep", " /dev/shm ", "/proc/self/mountinfo"))

    def test_into_a_folder_that_is_missing(self):
        path = self.folder("deep")
        self.assertEqual(self.output_in("-v", f"{path}:/a/b/c", "--", "cat", "/a/b/c/file"), "deep")

    def test_a_source_that_is_missing(self):
        self.assert_ends(self.run_in("-v", f"{PLACE}/none:/there", "--", "true"), 125, "no such file or directory")

    def test_masked_paths(self):
        self.assert_ends(self.run_in("--", "sh", "-c", "echo 1 >/proc/sys/kernel/panic"), 1, "Read-only file system")
        self.assertEqual(self.output_in("--", "sh", "-c", "cat /proc/kcore | wc -c; ls /sys/firmware | wc -l"), "0\n0")


class Privileges(PodmanCase):
    def capabilities(self, *words):
        return int(self.output_in(*words, "--", "sh", "-c", "grep CapEff /proc/self/status").split()[1], 16)

    def test_added_and_dropped(self):
        self.assertEqual(self.capabilities("--cap-drop", "all"), 0)
        self.assertEqual(self.capabilities("--cap-drop", "all", "--cap-add", "net_admin,sys_time"), 1 << 12 | 1 << 25)
        self.assertEqual(self.capabilities("--user", "joe"), 0)
        self.assertEqual(self.capabilities("--user", "joe", "--cap-add", "net_raw") & 1 << 13, 1 << 13)

    def test_privileged(self):
        got = self.output_in("--privileged", "--", "sh", "-c", "mkdir /m && mount -t tmpfs none /m && test -c /dev/kmsg && grep -E 'Seccomp:|CapEff' /proc/self/status")
        self.assertEqual(got.split()[-1], "0")
        self.assertEqual(int(got.split()[1], 16), int(status_of("self")["CapBnd"], 16))

    def test_no_new_privileges(self):
        self.assertEqual(self.output_in("--security-opt", "no-new-privileges", "--", "grep", "NoNewPrivs", "/proc/self/status").split()[1], "1")

    def test_seccomp(self):
        self.assertEqual(self.output_in("--", "grep", "Seccomp:", "/proc/self/status").split()[1], "2")
        self.assertEqual(self.output_in("--security-opt", "seccomp=unconfined", "--", "grep", "Seccomp:", "/proc/self/status").split()[1], "0")
        profile = write(f"{PLACE}/seccomp.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71}]}))
        self.assert_ends(self.run_in("--security-opt", f"seccomp={profile}", "--", "mkdir", "/m"), 1, "Protocol error")

    def test_unmasked(self):
        self.assertNotEqual(self.output_in("--security-opt", "unmask=/sys/firmware", "--security-opt", "mask=/home", "--", "ls", "/home"), "joe")

    def test_devices(self):
        got = self.output_in("--device", "/dev/fuse:/dev/other:rw", "--", "sh", "-c", "stat -c '%t:%T' /dev/other; exec 3<>/dev/other && echo open; "
                             "mknod /dev/mine c 10 229; mknod /dev/log c 1 11; cat /dev/log 2>&1 || :")
        self.assertIn("a:e5\nopen", got)
        self.assertIn("Operation not permitted", got)

    def test_init(self):
        self.assertEqual(self.output_in("--init", "--", "cat", "/proc/1/comm"), "podman-init")

    def test_sysctl(self):
        self.assertEqual(self.output_in("--sysctl", "net.ipv4.ip_default_ttl=77", "--sysctl", "kernel.msgmax=9000", "--", "cat",
                                        "/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/kernel/msgmax"), "77\n9000")

    def test_shared_namespaces(self):
        box = self.start("--hostname", "first", "--", "sleep", "1000")
        self.assertEqual(self.output_in("--pid", f"container:{box}", "--", "cat", "/proc/1/comm"), "sleep")
        self.assertEqual(self.output_in("--ipc", "host", "--", "readlink", "/proc/self/ns/ipc"), os.readlink("/proc/self/ns/ipc"))
        self.assertEqual(self.output_in("--pid", "host", "--", "readlink", "/proc/self/ns/pid"), os.readlink("/proc/self/ns/pid"))
        self.assertEqual(self.output_in("--uts", "host", "--", "readlink", "/proc/self/ns/uts"), os.readlink("/proc/self/ns/uts"))


class Network(PodmanCase):
    def get(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                return connection.makefile().read()
        except OSError:
            return None

    def test_published_port(self):
        self.start("-p", "127.0.0.1:8080:80", "--", "nc", "-ll", "-p", "80", "-e", "/bin/hostname")
        poll(lambda: self.get(8080), "an answer on the published port")

    def test_bridge(self):
        box = self.start("--network", "podman", "--", "sleep", "1000")
        address = output("inspect", "--format", "{{.NetworkSettings.Networks.podman.IPAddress}}", box)
        self.assertIn(address, output("exec", box, "ip", "addr", "show", "dev", "eth0"))
        self.assertIn("1 packets received", self.output_in("--network", "podman", "--", "ping", "-c", "1", address))

    def test_host(self):
        self.assertEqual(self.output_in("--network", "host", "--", "readlink", "/proc/self/ns/net"), os.readlink("/proc/self/ns/net"))

    def test_none(self):
        self.assertEqual(self.output_in("--network", "none", "--", "ls", "/sys/class/net"), "lo")

    def test_by_path(self):
        subprocess.run(["ip", "netns", "add", "given"], check=True)
        self.addCleanup(subprocess.run, ["ip", "netns", "delete", "given"])
        self.assertEqual(self.output_in("--network", "ns:/run/netns/given", "--", "sh", "-c", "ip link | grep -c LOOPBACK"), "1")

    def test_of_another_container(self):
        box = self.start("--network", "podman", "--", "sleep", "1000")
        self.assertEqual(self.output_in("--network", f"container:{box}", "--", "readlink", "/proc/self/ns/net"),
                         os.readlink(f"/proc/{self.pid(box)}/ns/net"))


class Pods(PodmanCase):
    def pod(self, name, *words):
        self.addCleanup(podman, "pod", "rm", "--force", "--time", "0", "--ignore", name)
        return output("pod", "create", "--name", name, "--cgroup-parent", "/" + GROUP, "--infra-image", IMAGE, "--infra-command", "sleep 1000", *words)

    def test_two_in_a_pod(self):
        self.pod("pair", "--hostname", "pair")
        first = self.start("--pod", "pair", "--", "nc", "-ll", "-p", "81", "-e", "/bin/hostname")
        got = poll(lambda: self.run_in("--pod", "pair", "--", "nc", "-w", "2", "127.0.0.1", "81", stdin="").stdout, "an answer inside of the pod")
        self.assertEqual(got, "pair\n")
        for kind in ("net", "ipc", "uts"):
            infra = output("pod", "inspect", "--format", "{{.InfraContainerID}}", "pair")
            self.assertEqual(os.readlink(f"/proc/{self.pid(first)}/ns/{kind}"), os.readlink(f"/proc/{self.pid(infra)}/ns/{kind}"))

    def test_life_of_a_pod(self):
        self.pod("alive", "--share", "pid,net")
        box = self.start("--pod", "alive", "--", "sleep", "1000")
        self.assertEqual(output("exec", box, "sh", "-c", "ps | grep -c '[s]leep 1000'"), "2")
        for command, state in (("pause", "Paused"), ("unpause", "Running")):
            output("pod", command, "alive")
            self.assertEqual(output("pod", "inspect", "--format", "{{.State}}", "alive"), state)
        output("pod", "stop", "--time", "0", "alive")
        self.assertIn(self.state(box), ("exited", "stopped"))
        output("pod", "start", "alive")
        self.assertEqual(self.state(box), "running")
        self.assertIn(box[:12], output("pod", "ps", "--format", "{{.ContainerIds}} {{.Name}}", "--ctr-ids"))


if __name__ == "__main__":
    main()
