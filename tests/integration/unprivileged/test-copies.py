"""cvctl cp by a plain user: what he copies out is his, what he copies in is root's inside, and he reads and writes no more than he may."""
import stat

from user import *


class Both:
    def setUp(self):
        super().setUp()
        self.name = "cp-" + os.path.basename(self.folder).rsplit("-", 1)[1].replace("_", "x")
        os.chmod(self.home, 0o755)

    def cp(self, *args):
        return subprocess.run(self.as_user(CVCTL, "cp", *args), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, env=self.env, cwd="/")

    def good(self, *args):
        result = self.cp(*args)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""), args)

    def serve(self, script):
        process = self.start("--name", self.name, "--", "/bin/sh", "-c", script + "; echo up; exec sleep 1000")
        self.assertEqual(process.stdout.readline(), "up\n")
        poll(lambda: "there is no container" not in self.cp(f"{self.name}:/missing", "/").stderr, lambda: "it can't be reached")
        return process

    def stop(self, process):
        process.kill()
        process.communicate(timeout=60)
        self.assert_nothing_left()

    def test_there_and_back(self):
        process = self.serve("mkdir /w; echo x >/w/s; chmod 4755 /w/s; ln /w/s /w/t; ln -s s /w/u")
        out = os.path.join(self.home, "out")
        self.good(f"{self.name}:/w", out)
        for name in ("s", "t"):
            info = os.stat(os.path.join(out, name))
            self.assertEqual((info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode), info.st_nlink), (UID, UID, 0o755, 2))
        self.good(out, f"{self.name}:/w/back")
        again = os.path.join(self.home, "again")
        self.good(f"{self.name}:/w/back/.", again)
        self.assertEqual(os.readlink(os.path.join(again, "u")), "s")
        self.stop(process)

    def test_a_layer(self):
        process = self.serve("mkdir /w /w/d; echo x >/w/s; ln /w/s /w/t; rm -rf /bin/gone; mv /tmp /old; mkdir /tmp; echo n >/tmp/n")
        layer = os.path.join(self.home, "layer")
        told = self.cvctl("diff", self.name)
        self.assertEqual(told.stderr, "")
        for line in ("A /w", "A /w/s", "A /old"):
            self.assertIn(line, told.stdout.splitlines())
        pausing = self.cvctl("commit", self.name, layer)  # without a cgroup of its own it can't be paused
        if pausing.returncode != 0:
            self.assert_refused(pausing, "without pausing")
            self.assertNotIn("layer", os.listdir(self.home))
            self.assertEqual(self.cvctl("commit", "--no-pause", self.name, layer).stderr, "")
        self.assertEqual(os.stat(layer).st_uid, UID)
        script = "cat /w/s /w/t /tmp/n; stat -c %h /w/s; ls -d /old"
        again = self.start("--layer", layer, "--", "/bin/sh", "-c", script)
        self.assertEqual(again.communicate(timeout=60)[0], "x\nx\nn\n2\n/old\n")
        closed = os.path.join(self.folder, "closed")
        os.mkdir(closed, 0o755)
        self.assert_refused(self.cvctl("commit", "--no-pause", self.name, os.path.join(closed, "layer")), "ermission denied")
        self.stop(process)

    def test_archives(self):
        process = self.serve("mkdir /w; echo x >/w/s; ln /w/s /w/t")
        out = os.path.join(self.home, "out.tar")
        told = self.cvctl("export", "-o", out, self.name)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        names = subprocess.run(["tar", "tf", out], check=True, capture_output=True, text=True).stdout.splitlines()
        self.assertIn("./w/s", names)
        self.assertEqual(os.stat(out).st_uid, UID)
        small = subprocess.run(["tar", "c", "--transform", "s,.*/,,", os.path.join(os.environ["CV_SUITE_ROOTFS"], "etc/passwd")], capture_output=True, check=True).stdout
        told = subprocess.run(self.as_user(CVCTL, "cp", "-", f"{self.name}:/w"), input=small, capture_output=True, timeout=60,
                              env=self.env, cwd="/")
        self.assertEqual((told.returncode, told.stderr), (0, b""))
        self.good(f"{self.name}:/w/passwd", self.home)
        self.stop(process)

    def cvctl(self, *args):
        return subprocess.run(self.as_user(CVCTL, *args), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=self.env, cwd="/")

    def test_no_more_than_he_may(self):
        process = self.serve("true")
        secret, closed = os.path.join(self.folder, "secret"), os.path.join(self.folder, "closed")
        with open(secret, "w") as file:
            file.write("root's\n")
        os.chmod(secret, 0o600)
        os.mkdir(closed, 0o755)
        self.assert_refused(self.cp(secret, f"{self.name}:/tmp/"), "ermission denied")
        self.assert_refused(self.cp(f"{self.name}:/etc/passwd", closed), "ermission denied")
        self.assert_refused(self.cp("-a", f"{self.name}:/etc/passwd", self.home), "only root can keep owners")
        self.assertEqual(os.listdir(closed), [])
        self.stop(process)


class WithSubIds(Both, Case):
    pass


class WithoutSubIds(Both, Case):
    subids = False


if __name__ == "__main__":
    main()
