# SPDX-License-Identifier: Apache-2.0
"""The agent follows the shared files: new keys in ~/.aws/credentials take effect without a reload."""

import os

import pytest
from standin import demo
from support import aws
from support.agent import environment
from support.aws import echo
from support.polling import until
from support.programs import keyfob, output_of

NAMES = ("one", "two")
KINDS = {
    "zero configuration": None,
    "shared_config": {"type": "shared_config", "profile": "default"},
    "default_chain": {"type": "default_chain"},
}


@pytest.fixture(scope="module")
def users(standin_process):
    """Keys by user, as the files have them."""
    texts = {}
    for name in NAMES:
        user = {
            "arn": f"arn:aws:iam::{demo.ACCOUNT}:user/watch-{name}",
            "access_key_id": f"AKIAWATCH{name.upper():X<11}",
            "secret_access_key": f"{name}-" + "w" * 36,
        }
        standin_process.control("POST", "users", user)
        texts[name] = "".join(f"aws_{key} = {user[key]}\n" for key in ("access_key_id", "secret_access_key"))
    return texts


class Home:
    """~/.aws of an agent."""

    def __init__(self, folder):
        self.folder = folder / ".aws"

    def write(self, name, text):
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def replace(self, name, text):
        """As editors and the AWS CLI do: a new file under the old name."""
        self.folder.mkdir(exist_ok=True)
        new = self.folder / f".{name}.new"
        new.write_text(text)
        os.replace(new, self.folder / name)


@pytest.fixture
def home(folder):
    return Home(folder)


@pytest.fixture
def follow(start, standin, folder):
    """follow(config) is an agent that reads this home's files; None: it has no configuration."""

    def start_agent(config=None, **more):
        variables = {
            "KEYFOB_SOCKET": str(folder / "k.sock"),
            "AWS_ENDPOINT_URL_STS": standin.url,
            "AWS_REGION": demo.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }
        return start(config, env=environment(folder, **variables))

    return start_agent


def outcomes(agent):
    return [*agent.events("config_reloaded"), *agent.events("config_reload_failed")]


def after(agent, change, *arguments):
    """The log's line about the reload that a change of files brings."""
    before = outcomes(agent)
    change(*arguments)
    # Files without events are looked at every quarter of a minute; these have them, so this is quick.
    (line,) = until(lambda: [x for x in outcomes(agent) if x not in before], what="a reload")
    assert "cause=file" in line or '"cause":"file"' in line, line
    return line


def who(standin, agent, name):
    """The user whose keys the agent hands out."""
    caller = aws.client(standin, "sts", agent.credentials(name)).get_caller_identity()["Arn"]
    return caller.removeprefix(f"arn:aws:iam::{demo.ACCOUNT}:user/watch-")


@pytest.mark.parametrize("way", ["write", "replace"])
@pytest.mark.parametrize("kind", KINDS)
def test_serves_new_keys(follow, standin, home, users, kind, way):
    home.write("config", "[default]\nregion = us-east-1\n[profile still]\n" + users["one"])
    home.write("credentials", f"[default]\n{users['one']}[other]\n{users['one']}")
    mine = "mine" if KINDS[kind] else "default"
    still = {"type": "shared_config", "profile": "still"}
    agent = follow({"profiles": {"mine": KINDS[kind], "still": still}} if KINDS[kind] else None)
    assert who(standin, agent, mine) == who(standin, agent, "still") == "one"
    unchanged = agent.profile("still")["generation"]
    line = after(agent, getattr(home, way), "credentials", f"[default]\n{users['two']}[other]\n{users['one']}")
    assert "config_reloaded" in line
    assert who(standin, agent, mine) == "two"
    assert agent.profile("still")["generation"] == unchanged and who(standin, agent, "still") == "one"


def test_a_role_follows_its_source(follow, standin, home, users):
    """New keys below a role are new credentials of the role; a role elsewhere keeps what it has."""
    role = f"role_arn = {demo.ROLE}watched\nrole_session_name = session\nsource_profile = "
    trust = [{"principal": f"arn:aws:iam::{demo.ACCOUNT}:user/watch-{name}"} for name in NAMES]
    standin.control("POST", "roles", {"arn": demo.ROLE + "watched", "trust": trust})
    home.write("config", f"[profile a]\n{role}ka\n[profile b]\n{role}kb\n")
    home.write("credentials", f"[ka]\n{users['one']}[kb]\n{users['one']}")
    agent = follow()
    a, b = agent.credentials("a"), agent.credentials("b")
    after(agent, home.replace, "credentials", f"[ka]\n{users['two']}[kb]\n{users['one']}")
    assert agent.credentials("b") == b and agent.credentials("a") != a
    assert echo(standin, agent.credentials("a"))["role"] == demo.ROLE + "watched"
    assert [c["caller"].rpartition("-")[2] for c in standin.calls(action="AssumeRole")] == ["one", "one", "two"]


@pytest.mark.parametrize("way", ["write", "replace"])
def test_a_broken_file_changes_nothing(follow, standin, home, users, way):
    home.write("credentials", f"[default]\n{users['one']}")
    agent = follow()
    assert who(standin, agent, "default") == "one"
    generation = agent.profile("default")["generation"]
    line = after(agent, getattr(home, way), "credentials", f"broken\n[default]\n{users['two']}")
    assert "config_reload_failed" in line and ".aws/credentials:1" in line and "stays as it is" in line
    assert who(standin, agent, "default") == "one" and agent.profile("default")["generation"] == generation
    line = after(agent, getattr(home, way), "credentials", f"[default]\n{users['two']}")
    assert "config_reloaded" in line and who(standin, agent, "default") == "two"


def chain_of(name, user, top="source_profile = mid"):
    """~/.aws/config: `top` on `mid` on keys, and `side` on the same keys."""
    role = f"role_arn = {demo.ROLE}{name}\nrole_session_name = session\n"
    on_keys = f"{role}source_profile = keys\n"
    return f"[profile top]\n{role}{top}\n[profile mid]\n{on_keys}[profile side]\n{on_keys}[profile keys]\n{user}"


@pytest.fixture
def chain(standin, request):
    """The role of a test's chain, which both users and the role itself may assume."""
    role = demo.ROLE + request.node.name
    arns = [role, *(f"arn:aws:iam::{demo.ACCOUNT}:user/watch-{name}" for name in NAMES)]
    standin.control("POST", "roles", {"arn": role, "trust": [{"principal": arn} for arn in arns]})
    return request.node.name


def tag(agent, name):
    reply = agent.call("GET", f"/v1/profiles/{name}/credentials")
    assert reply.status == 200, reply
    return reply.headers["etag"]


def test_a_broken_profile_keeps_what_it_has(follow, standin, home, users, chain):
    """In the middle of an edit a profile or its source breaks, in one way after another; it keeps its credentials, and
    goes on with them when it is corrected."""
    good = chain_of(chain, users["one"])
    home.write("config", good)
    agent = follow()
    names = ("top", "mid", "side")
    held, tags = ({name: f(name) for name in names} for f in (agent.credentials, lambda name: tag(agent, name)))
    calls = len(standin.calls(action="AssumeRole"))
    typo = good.replace("source_profile = keys", "source_profile = kyes", 1)  # of mid, and so of top
    again = good.replace("source_profile = keys", "sauce_profile = keys", 1)
    for text, words in ((typo, '"kyes"'), (again, "source_profile")):
        after(agent, home.replace, "config", text)
        for name in ("top", "mid"):
            profile = agent.wait_for_state(name, "stale")
            assert words in profile["last_error"]["detail"] and profile["expiration"] == held[name]["Expiration"]
            assert agent.credentials(name) == held[name] and tag(agent, name) == tags[name]
        assert agent.profile("side")["state"] == "fresh" and tag(agent, "side") == tags["side"]
    lines = agent.events("profile_broken")
    assert sorted(line.partition("profile=")[2].split()[0] for line in lines) == ["mid", "top"]
    assert all("kyes" in line and "until they expire" in line and "level=warn" in line for line in lines)
    assert len(standin.calls(action="AssumeRole")) == calls, "a broken profile makes no call"
    after(agent, home.replace, "config", good)
    for name in ("top", "mid"):
        agent.wait_for_state(name, "fresh")
        until(lambda name=name: agent.profile(name)["generation"] > 1, what="new ones by the mended profile")
        assert agent.credentials(name) != held[name] and tag(agent, name) != tags[name]
    assert agent.credentials("side") == held["side"]


def test_does_not_serve_credentials_to_another_profile(follow, standin, home, users, chain):
    """Credentials are not served as those of another profile."""
    good = chain_of(chain, users["one"])
    home.write("config", good)
    agent = follow()
    held = {name: agent.credentials(name) for name in ("top", "mid", "side")}
    broken = good.replace("role_session_name = session\n", "duration_seconds = soon\n")
    after(agent, home.replace, "config", broken)
    for name, credentials in held.items():
        agent.wait_for_state(name, "stale")
        assert agent.credentials(name) == credentials
    assert agent.call("DELETE", "/v1/profiles/mid/credentials").status == 200
    standin.fault("sts", "slow", seconds=60)  # so that what is there now is not what comes next
    after(agent, home.replace, "config", good.replace("[profile side]", "[profile aside]"))
    assert agent.credentials("top") == held["top"]
    assert agent.call("GET", "/v1/profiles/side/credentials?wait=0").status == 404
    assert "dropped on request" in agent.refusal("mid")[1]["detail"]
    after(agent, home.replace, "config", broken)
    assert agent.credentials("top") == held["top"]
    assert agent.refusal("side", wait=0)[0] >= 500, "it was removed meanwhile"
    after(agent, home.replace, "config", chain_of(chain, users["two"]))  # other keys, two steps below
    assert agent.refusal("top", wait=0)[0] >= 500
    standin.clear_faults()


def test_logs_some_of_many_broken_profiles(follow, home, users):
    """The log names some of them, and their number."""
    sections = [f"[profile p{n}]\n" for n in range(30)]
    home.write("config", "".join(s + users["one"] for s in sections))
    agent = follow()
    after(agent, home.replace, "config", "".join(sections))
    lines = until(lambda: agent.events("profiles_broken"), what="the last line")
    assert "profiles=30" in lines[0] and len(agent.events("profile_broken")) == 8
    assert "nothing is served for it" in agent.events("profile_broken")[0]


def test_reads_files_that_come_later(follow, standin, home, users):
    """There is not even ~/.aws at first, and a machine without a role."""
    more = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": standin.url}
    agent = follow(**more)
    status, problem = agent.refusal("default", wait=0)
    assert status >= 500 and problem["hint"] and not home.folder.exists()
    after(agent, home.replace, "credentials", f"[default]\n{users['one']}")
    assert agent.refresh("default").status == 200 and who(standin, agent, "default") == "one"
    after(agent, home.write, "config", f"[profile late]\n{users['two']}")
    assert who(standin, agent, "late") == "two" and who(standin, agent, "default") == "one"


def test_forgets_profiles_of_removed_files(follow, standin, home, users):
    """A removed profile is unknown; the others stay."""
    home.write("config", f"[profile gone]\n{users['one']}")
    home.write("credentials", f"[default]\n{users['two']}")
    agent = follow()
    assert who(standin, agent, "gone") == "one" and who(standin, agent, "default") == "two"
    generation = agent.profile("default")["generation"]
    after(agent, (home.folder / "config").unlink)
    assert agent.call("GET", "/v1/profiles/gone/credentials?wait=0").status == 404
    assert who(standin, agent, "default") == "two" and agent.profile("default")["generation"] == generation


def test_follows_a_link_to_another_folder(follow, standin, folder, users):
    """As Kubernetes mounts secrets: a link that is turned to another folder."""
    for name in NAMES:
        (folder / name).mkdir()
        (folder / name / "credentials").write_text(f"[default]\n{users[name]}")
    (folder / "mount").mkdir()
    (folder / "mount" / "..data").symlink_to(folder / "one")
    (folder / "mount" / "credentials").symlink_to("..data/credentials")
    agent = follow(AWS_SHARED_CREDENTIALS_FILE=str(folder / "mount" / "credentials"))
    assert who(standin, agent, "default") == "one"

    def turn():
        (folder / "mount" / "..new").symlink_to(folder / "two")
        os.replace(folder / "mount" / "..new", folder / "mount" / "..data")

    after(agent, turn)
    assert who(standin, agent, "default") == "two"


def test_shows_the_status_of_a_chain(follow, standin, home, users, folder):
    """keyfob status NAME: the source that answers and those before it; the files as they are now."""

    def status(*arguments):
        env = environment(folder, KEYFOB_SOCKET=str(folder / "k.sock"))
        return " ".join(output_of(keyfob("status", "default", *arguments, env=env)).split())  # long lines are wrapped

    home.write("credentials", f"[default]\n{users['one']}")
    agent = follow()
    assert who(standin, agent, "default") == "one"
    text, _, source = status().partition(" source: ")
    passed = text.split(" skipped: ")[1:]
    assert [x.partition(" ")[0] for x in passed] == ["environment", "assume_role", "web_identity", "sso"]
    assert "AWS_ACCESS_KEY_ID is not set" in passed[0] and "AWS_WEB_IDENTITY_TOKEN_FILE" in passed[2]
    assert source == f"profile default: credentials_file (aws_access_key_id of {home.folder}/credentials:2)"
    after(agent, home.write, "config", f"[default]\n{users['two']}")
    after(agent, (home.folder / "credentials").unlink)
    text, _, source = status().partition(" source: ")
    assert source == f"profile default: config_file (aws_access_key_id of {home.folder}/config:2)"
    assert "skipped: credentials_file" in text
    for text in (status(), status("--json"), agent.stderr()):
        assert not [name for name in NAMES if f"{name}-" + "w" * 36 in text]
