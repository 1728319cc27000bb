"""Films in files are what they should be: read back with other readers than ours."""

import base64
import csv
import gc
import io
import json
import re
import tracemalloc

import av
import numpy as np
import pytest
from film_samples import every_kind, small_steps
from PIL import Image
from quick import all_but, one_in

from backviz import scenes
from backviz.cli import _run
from backviz.errors import InputError
from backviz.movies import FORMATS, Player, film_bytes, save, still
from backviz.movies.canvas import shown
from backviz.movies.looks import film_style
from backviz.scenes.model import Film, Frame, Panel

FILMS = "backviz.movies:"
PAGE = rb"/Type /Page\b"


def pictures(film, **options):
    given = {"scale": 0.5, **options}
    return [canvas.pixels.copy() for canvas, _ in shown(film, film_style(**given))]


def decoded(path):
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


# --- films -----------------------------------------------------------------------------


def test_an_mp4_plays_everywhere(tmp_path):
    film = scenes.tangent(frames=9)
    film.save(tmp_path / "a.mp4", fps=10, hold=1.5, scale=0.5)
    raw = (tmp_path / "a.mp4").read_bytes()
    assert 0 < raw.index(b"moov") < raw.index(b"mdat")
    with av.open(str(tmp_path / "a.mp4")) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height, stream.average_rate) == (640, 360, 10)
        assert file.metadata["title"] == film.title
        assert json.loads(file.metadata["comment"])["curve"] == "parabola"
    seen, made = decoded(tmp_path / "a.mp4"), pictures(film)
    assert len(seen) == 9 + 15
    for k in (0, 4, 8):
        assert np.abs(seen[k].astype(int) - made[k][..., :3]).mean() < 2.0
    assert np.abs(seen[-1].astype(int) - made[8][..., :3]).mean() < 2.0


@pytest.mark.parametrize("form", one_in(2, ["gif", "webp"]))
def test_an_animation_has_its_frames_times_and_colours(form, tmp_path):
    film = scenes.tangent(frames=6)
    path = film.save(tmp_path / f"a.{form}", fps=10, hold=2.0, scale=0.5)
    made, shades, spent = pictures(film), [], 0
    with Image.open(path) as image:
        assert image.size == (640, 360) and image.info.get("loop") == 0
        for k in range(image.n_frames):
            image.seek(k)
            image.load()
            spent += image.info["duration"]
            shades.append(np.asarray(image.convert("RGB")).astype(int))
    assert spent == pytest.approx(2600, abs=150)
    for k in range(6):
        assert np.abs(shades[k] - made[k][..., :3]).mean() < 1.5
    if form == "gif":  # paper and ink are exact
        paper = (made[0][..., :3] == 255).all(axis=-1)
        assert (shades[0][paper] == 255).all()


def test_a_gif_plays_once_if_asked(tmp_path):
    path = scenes.tangent(frames=3).save(tmp_path / "a.gif", loop=False, scale=0.2)
    with Image.open(path) as image:
        assert "loop" not in image.info


@pytest.mark.parametrize(("loop", "times"), [(True, 0), (False, 1)])
def test_a_webp_loops_as_asked(loop, times, tmp_path):
    path = scenes.tangent(frames=3).save(tmp_path / "a.webp", loop=loop, scale=0.2)
    with Image.open(path) as image:
        assert image.info["loop"] == times


def test_a_pause_holds_a_frame(tmp_path):
    frames = [Frame("One.", {}, pause=1.0), Frame("Two.", {})]
    film = Film("f", (Panel("p"),), lambda: frames, 2, (0,), "", fps=10, hold=0.0)
    save(film, tmp_path / "a.mp4", scale=0.2)
    assert len(decoded(tmp_path / "a.mp4")) == 12


@pytest.mark.parametrize(
    "form", all_but(["gif", "webp", "html", "pdf"], [f for f in FORMATS if f != "mp4"])
)
def test_the_same_film_is_the_same_bytes(form, tmp_path):
    film = scenes.tangent(frames=2)
    one, two = (save(film, tmp_path / f"{k}.{form}", scale=0.3).read_bytes() for k in "ab")
    assert one == two


def test_an_mp4_has_the_same_frames_again(tmp_path):
    film = scenes.tangent(frames=4)
    one, two = (decoded(save(film, tmp_path / f"{k}.mp4", scale=0.3)) for k in "ab")
    assert len(one) == len(two) and all(map(np.array_equal, one, two))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["mp4", "gif", "webp"])
def test_memory_does_not_grow_with_frames(form, tmp_path):
    """Peaks of two lengths, measured where Python and numpy allocate."""

    def peak(count):
        film = scenes.tangent(frames=count)
        gc.collect()
        tracemalloc.start()
        save(film, tmp_path / f"a.{form}", scale=0.2)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    picture = 256 * 144 * 4
    assert peak(9) - peak(3) < 2 * picture


@pytest.mark.slow
def test_the_page_shows_every_frame_and_needs_nothing_else(tmp_path):
    film = every_kind()
    path = save(film, tmp_path / "a.html", scale=0.5)
    text = path.read_text("utf-8")
    assert path.stat().st_size < 5_000_000
    assert not re.search(r"(src|href)=[\"']?(?!data:)|https?://|@import|url\(", text)
    data = json.loads(re.search(r'id="film">(.*?)</script>', text, re.S)[1])
    assert data["captions"] == [frame.caption for frame, _ in film.states()]
    assert all(key in text for key in ("ArrowLeft", "ArrowRight", "Home", "End", "reduced-motion"))
    base = picture_at(data["base"])
    for k, made in enumerate(pictures(film)):
        page = base.copy()
        page.alpha_composite(picture_at(data["over"][k]))
        assert np.abs(np.asarray(page)[..., :3].astype(int) - made[..., :3]).mean() < 1.5


def picture_at(address):
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGBA")


def test_a_page_too_large_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("backviz.movies.scrubber.MOST_BYTES", 30_000)
    with pytest.raises(InputError, match="make a film"):
        save(scenes.tangent(frames=9), tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


# --- stills, strips, pages, data -------------------------------------------------------


def test_a_png_still_is_the_frame_of_the_film():
    film = scenes.tangent(frames=5)
    with Image.open(io.BytesIO(still(film, 3, scale=0.5))) as image:
        assert np.array_equal(np.asarray(image), pictures(film)[3][..., :3])
        assert image.text["Title"] == film.title
        assert "slope" in image.text["Description"]
    assert film.still(3) == film.still(-2) != film.still(2)


def test_a_still_in_vectors_has_words_and_no_style_sheet():
    svg = still(scenes.tangent(frames=5), 2, "svg").decode()
    assert "<style" not in svg and "<script" not in svg
    assert ">The derivative is the slope" in svg and 'role="img"' in svg
    assert ">At x = 0 the tangent" in svg


@pytest.mark.slow
def test_a_pdf_has_a_page_for_each_key_still(tmp_path):
    film = scenes.tangent(frames=9)
    raw = save(film, tmp_path / "a.pdf").read_bytes()
    assert len(re.findall(PAGE, raw)) == len(film.stills) == 5
    assert b"/Type3" not in raw
    assert b"/MediaBox [ 0 0 960.0000 540.0000 ]" in raw
    assert len(re.findall(PAGE, save(film, tmp_path / "b.pdf", still=0).read_bytes())) == 1


def test_a_strip_shows_frames_in_reading_order(tmp_path):
    film = scenes.tangent(frames=11)
    path = save(film, tmp_path / "a.png", strip=6, scale=0.2)
    sheet = np.asarray(Image.open(path))
    made = pictures(film, scale=0.2)
    for i, k in enumerate((0, 2, 4, 6, 8, 10)):
        y, x = i // 3 * (144 + 8), i % 3 * (256 + 8)
        assert np.array_equal(sheet[y : y + 144, x : x + 256], made[k][..., :3])


def test_numbered_pictures_make_their_folder(tmp_path):
    save(scenes.tangent(frames=3), tmp_path / "out" / "%03d.png", scale=0.2)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["001.png", "002.png", "003.png"]


def test_data_reads_back_exactly(tmp_path):
    film = scenes.tangent(frames=5)
    shown_ = film.data()
    with np.load(save(film, tmp_path / "a.npz")) as archive:
        assert json.loads(str(archive["settings"]))["curve"] == "parabola"
        assert all(np.array_equal(archive[k], v, equal_nan=v.dtype.kind == "f")
                   for k, v in shown_.items())  # fmt: skip
    told = json.loads(save(film, tmp_path / "a.json").read_text("utf-8"))
    assert told["data"]["curve.here.y"] == shown_["curve.here.y"].tolist()
    assert told["settings"]["frames"] == 5
    lines = save(film, tmp_path / "a.csv").read_text("utf-8").splitlines()
    assert "# curve: parabola" in lines
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    here = [float(r["value"]) for r in rows if r["name"] == "curve.here.y"]
    assert here == shown_["curve.here.y"].ravel().tolist()
    assert {r["frame"] for r in rows if r["name"] == "curve.f.x"} == {""}


def test_a_notebook_gets_a_still_and_a_player():
    film = scenes.tangent(frames=3)
    (shown, _), (played, _) = film._repr_mimebundle_(), film.play()._repr_mimebundle_()
    assert film.play() == Player(film) and "<iframe srcdoc=" in played["text/html"]
    for made in (shown, played):
        assert base64.b64decode(made["image/png"])[:4] == b"\x89PNG"
        assert f'src="data:image/png;base64,{made["image/png"]}"' in made["text/html"]
        assert made["text/plain"] == repr(film)
    assert film._repr_mimebundle_(include=["text/plain"]) == ({"text/plain": repr(film)}, {})


# --- the command -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "begins"),
    one_in(
        3,
        [
            ("a.mp4", [], b"\0\0\0"),
            ("a.gif", ["--once"], b"GIF89a"),
            ("a.webp", ["--fps", "5"], b"RIFF"),
            ("a.html", [], b"<!doctype html>"),
            ("a.htm", [], b"<!doctype html>"),
            ("a.png", ["--still", "1"], b"\x89PNG"),
            ("b.png", ["--strip", "6"], b"\x89PNG"),
            ("a.svg", ["--theme", "dark"], b"<svg"),
            ("a.pdf", [], b"%PDF"),
            ("a.csv", [], b"# scene: tangent"),
            ("a.json", [], b"{"),
            ("a.npz", [], b"PK"),
        ],
    ),
)
def test_the_command_writes_every_format(name, options, begins, tmp_path, capsys):
    place = tmp_path / name
    given = ["animate", "tangent", "--frames", "6", "--scale", "0.2", *options, "-o", str(place)]
    assert _run(given) == 0
    assert place.read_bytes().startswith(begins)
    assert capsys.readouterr().err.startswith(f"backviz: wrote {place} (")


def test_the_command_writes_numbered_pictures(tmp_path, capsys):
    name = str(tmp_path / "new" / "%02d.png")
    assert _run(["animate", "tangent", "--frames", "3", "--scale", "0.2", "-o", name]) == 0
    assert sorted(p.name for p in tmp_path.glob("new/*")) == ["01.png", "02.png", "03.png"]
    assert "*.png" in capsys.readouterr().err


def test_every_format_is_tried_above():
    tried = {"mp4", "gif", "webp", "html", "png", "svg", "pdf", "csv", "json", "npz"}
    assert set(FORMATS) == tried


# --- builds ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_build_becomes_a_film(tmp_path):
    steps = small_steps()
    n = len(steps.moments)
    (tmp_path / "a.mp4").write_bytes(film_bytes(steps, "mp4"))
    seen = decoded(tmp_path / "a.mp4")
    assert len(seen) == 6 * n + 8  # 1.5 s at 4 a second, 2 s more at the end
    assert seen[0].shape == (1080, 1920, 3)
    for form in ("GIF", "WEBP"):
        with Image.open(io.BytesIO(film_bytes(steps, form.lower()))) as image:
            assert image.format == form and image.n_frames >= n


@pytest.mark.parametrize("form", ["mp4", "gif", "webp"])
def test_the_command_makes_a_film_of_a_build(form, tmp_path, capsys):
    place = tmp_path / f"a.{form}"
    given = ["steps", "@diamond", "--range", "1-3", "--scale", "0.5", "-o", str(place)]
    assert _run(given) == 0
    assert "3 steps" in capsys.readouterr().err
    with av.open(str(place)) if form != "webp" else Image.open(place) as film:
        if form == "webp":
            assert film.n_frames >= 3
        else:
            assert len(list(film.decode(video=0))) >= 3
    assert _run(["steps", "@diamond", "-o", str(tmp_path / f"%d.{form}")]) == 2
    assert "makes one file" in capsys.readouterr().err


def test_a_build_too_large_for_players_is_refused(tmp_path, capsys):
    given = ["steps", "@diamond", "--for", "slide", "--scale", "9", "-o", str(tmp_path / "a.mp4")]
    assert _run(given) == 2
    assert "too large for players; use a smaller --scale" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_mp4_is_encoded_in_one_piece(tmp_path):
    """The encoder notes its settings: slices would differ with the cores of the machine."""
    scenes.tangent().save(tmp_path / "t.mp4", scale=0.25)
    data = (tmp_path / "t.mp4").read_bytes()
    if b"x264 - core" in data:
        assert b" threads=1 " in data and b" sliced_threads=0 " in data
