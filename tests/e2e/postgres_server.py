"""A PostgreSQL of a test's own: in a folder of its own, ended with the test.  On a socket, and where it is asked for on a loopback port."""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from harness import children, free_port, wait_until

BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
PASSWORD = "the-role's p4ssword: never shown"


def as_postgres():
    """The server refuses to run as root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


class Postgres:
    def __init__(self, hba=None, settings="", tcp=False, copy_of=None, recovery=None, admin="clickbaton", made_by=None):
        """made_by(server) makes its data folder, in place of initdb.  copy_of: a base backup of that one; a standby of it, or with `recovery` (settings) what comes of the backup and its log."""
        if not BINARIES:
            raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
        self.folder = tempfile.mkdtemp(prefix="clickbaton-pg-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port() if tcp else 5432
        self.process = None
        self.admin = admin
        self.log = ""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        os.chmod(self.folder, 0o755)
        if made_by:
            made_by(self)
        elif copy_of:
            self.tool("pg_basebackup", "-D", self.data, *(() if recovery else ("-R",)), "--checkpoint=fast", "-d", copy_of.url("postgres"))
        else:
            self.tool("initdb", "-D", self.data, "-U", admin, "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write("listen_addresses = '%s'\nport = %d\nunix_socket_directories = '%s'\nfsync = off\nshared_buffers = 32MB\n%s\n"
                    % ("127.0.0.1" if tcp else "", self.port, self.folder, settings))
        if hba:
            self.put("pg_hba.conf", hba)
        children.append(self)
        if recovery: # when its time has come
            self.put("recovery.signal", "")
            self.settings(recovery)
        else:
            self.start()

    name = "postgres"

    def settings(self, text):
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write(text + "\n")

    def put(self, name, text, mode=0o600):
        path = os.path.join(self.data, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")

    def tool(self, name, *arguments):
        p = subprocess.run([os.path.join(BINARIES[-1], name), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, preexec_fn=as_postgres, cwd="/")
        if p.returncode != 0:
            raise RuntimeError("%s: %s" % (name, p.stdout))

    def start(self, wait=True):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen([os.path.join(BINARIES[-1], "postgres"), "-D", self.data], stdout=log, stderr=log,
                                        preexec_fn=as_postgres, cwd="/")
        log.close()
        self.pid = self.process.pid
        if wait:
            wait_until("PostgreSQL to answer", lambda: self.psql("SELECT 1", check=False).returncode == 0)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def end(self, number):
        if self.running():
            self.process.send_signal(number)
            self.process.wait(30)

    def stop(self):
        """In a hurry, but orderly."""
        self.end(signal.SIGINT)

    def crash(self):
        self.end(signal.SIGQUIT)

    def kill(self):
        """At the end of a test."""
        if self.running():
            for pid in self.backends() + [self.pid]:
                os.kill(pid, signal.SIGCONT)
        self.end(signal.SIGQUIT)
        if self in children:
            children.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    def backends(self):
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
            return [int(n) for n in f.read().split()]

    def freeze(self):
        """It keeps its connections, and answers nobody: the postmaster first, so that it makes no new ones."""
        for pid in [self.pid] + self.backends():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.backends() + [self.pid]:
            os.kill(pid, signal.SIGCONT)

    def psql(self, sql, database="postgres", check=True):
        p = subprocess.run([os.path.join(BINARIES[-1], "psql"), "-h", self.folder, "-p", str(self.port), "-U", self.admin, "-d",
                            database, "-X", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-c", sql], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, env=dict(os.environ, PGCONNECT_TIMEOUT="5"))
        if check and p.returncode != 0:
            raise RuntimeError("psql: " + p.stderr)
        return p

    def hold(self, sql, database="clickbaton"):
        """In the background."""
        return subprocess.Popen([os.path.join(BINARIES[-1], "psql"), "-h", self.folder, "-p", str(self.port), "-U", self.admin, "-d", database,
                                 "-X", "-c", sql], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def role_password(self, password):
        self.psql("ALTER ROLE clickbaton PASSWORD '%s'" % password.replace("'", "''"))

    def session(self, database):
        """A psql that stays; its standard input as a file, without a buffer."""
        p = subprocess.Popen([os.path.join(BINARIES[-1], "psql"), "-h", self.folder, "-p", str(self.port), "-U", "clickbaton", "-d", database,
                              "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1)
        return p.stdin

    def rows(self, sql, database="clickbaton"):
        return [line.split("|") for line in self.psql(sql, database).stdout.splitlines()]

    def database(self, name="clickbaton"):
        self.psql("CREATE DATABASE %s" % name)
        return self

    def url(self, name="clickbaton", user="clickbaton", more=""):
        """By its socket."""
        return "postgresql://%s@/%s?host=%s&port=%d%s" % (user, name, self.folder, self.port, more)

    def tcp(self, name="clickbaton", user="clickbaton", host="127.0.0.1", more=""):
        return "postgresql://%s@%s:%d/%s%s" % (user, host, self.port, name, more)


def no_secret(text):
    """Neither a password nor the role's name as the URL has it."""
    return not re.search(r"p4ssword|clickbaton@|\"clickbaton\"|nobody-of-that-name", text)
