//! Packages that fit, that do not, and that are none.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(files: &[(&str, usize)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, size) in files {
        let (mut entry, config) =
            archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE).start().unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, Compression::fast());
        let mut writer = config.wrap(encoder);
        let block = vec![0_u8; 1 << 20];
        let mut left = *size;
        while left > 0 {
            let part = left.min(block.len());
            writer.write_all(&block[..part]).unwrap();
            left -= part;
        }
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn of(name: &str, bytes: &[u8]) -> Result<PackageDocument, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path).map(|(form, contents)| judged(&path, form, &contents)).map_err(|error| error.to_string())
}

#[test]
fn a_zip_is_measured_by_what_it_unpacks_to() {
    let fits = of("app.zip", &zip(&[("app.py", 1000), ("botocore/data/a.json", 5000)])).unwrap();
    assert_eq!((fits.form, fits.state, fits.unpacked_bytes, fits.files), ("zip", "ok", 6000, 2));
    assert_eq!(fits.largest[0].name, "botocore");
    assert!(fits.slim_handler.is_none());

    let over = of("app.zip", &zip(&[("grpc/x.so", 262_144_000), ("app.py", 1)])).unwrap();
    assert_eq!((over.state, over.unpacked_bytes, over.limit_bytes), ("broken", 262_144_001, 262_144_000));
    assert!(over.next_step.contains("grpc"), "{}", over.next_step);
    assert!(over.notes[0].contains("as a zip bomb does"), "{:?}", over.notes);
    assert!(over.slim_handler.unwrap().summary.contains("each cold start fetches"));
}

#[test]
fn an_image_is_measured_by_its_layers_packed_or_not() {
    let first = tar(&[("usr/lib/a.so", &[1; 4000])]);
    let second = tar(&[("var/task/app.py", &[2; 50])]);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&second).unwrap();
    let packed = packed.finish().unwrap();
    let list = br#"[{"Config":"c.json","Layers":["blobs/a","blobs/b"]}]"#;
    let image = tar(&[("blobs/a", &first), ("blobs/b", &packed), ("c.json", b"{}"), ("manifest.json", list)]);
    let found = of("image.tar", &image).unwrap();
    assert_eq!((found.form, found.unpacked_bytes, found.files), ("image", 4050, 2));
    assert_eq!(found.limit_bytes, 10_737_418_240);
    assert_eq!((found.state, found.notes.len()), ("ok", 0));
    let list = br#"[{"Config":"c.json","Layers":["blobs/a","blobs/b","blobs/gone"]}]"#;
    let image = tar(&[("blobs/a", &first), ("blobs/b", &packed), ("manifest.json", list)]);
    let cut = of("image.tar", &image).unwrap();
    assert_eq!((cut.state, cut.unpacked_bytes), ("unknown", 4050));
    assert!(cut.summary.contains("1 of 3 layers are not in the file"), "{}", cut.summary);
}

#[test]
fn what_is_broken_or_no_package_gets_a_sentence() {
    let whole = zip(&[("app.py", 10_000)]);
    let cut = &whole[..whole.len() - 30];
    let list = tar(&[("manifest.json", b"{")]);
    let no_image = tar(&[("manifest.json", b"[]")]);
    let mut other_count = whole.clone();
    let end = other_count.len() - 22;
    other_count[end + 8..end + 12].copy_from_slice(&[7, 0, 7, 0]);
    for (bytes, expected) in [
        (&b""[..], "no zip, no folder and no tar"),
        (b"hello", "no zip, no folder and no tar"),
        (cut, "broken or cut off"),
        (b"PK\x03\x04 and nothing else", "broken or cut off"),
        (&[0x1f, 0x8b, 8, 0, 1, 2, 3], "broken or cut off"),
        (&list, "its manifest.json cannot be read"),
        (&no_image, "it is no image of docker save: its manifest.json names no layer"),
        (&tar(&[("usr/lib/a.so", b"x")]), "it is no image of docker save: it has no manifest.json"),
        (&zip(&[]), "it holds no file"),
        (&other_count, "it lists 1 entries, and its end says 7"),
    ] {
        let error = of("x", bytes).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!(read(TempDir::new().unwrap().path()).unwrap_err().to_string().contains("it holds no file"));
    assert!(read(Path::new("/nowhere/at/all")).unwrap_err().to_string().contains("cannot be read"));
}

#[cfg(unix)]
#[test]
fn a_folder_counts_its_files_and_follows_no_link() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("numpy/core")).unwrap();
    std::fs::write(folder.path().join("numpy/core/a.so"), [0; 300]).unwrap();
    std::fs::write(folder.path().join("app.py"), "x").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("numpy/again")).unwrap();
    let (form, contents) = read(folder.path()).unwrap();
    assert_eq!((form, contents.bytes(), contents.files()), ("folder", 301, 2));
    let socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
    let (_, again) = read(folder.path()).unwrap();
    assert_eq!(again.files(), 2);
    assert!(
        again.notes[1].starts_with("1 of its entries are not a regular file (the first is s)"),
        "{:?}",
        again.notes
    );
    drop(socket);
    assert_eq!(contents.notes, ["1 links were not followed"]);
    assert_eq!(contents.largest(1), [("numpy".to_owned(), 300)]);
}

#[cfg(unix)]
#[test]
fn a_pipe_a_device_and_a_socket_are_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("s");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [Path::new("/dev/zero"), &socket] {
        let error = read(path).unwrap_err().to_string();
        assert!(error.starts_with("it is not a regular file"), "{error}");
    }
}

#[test]
fn what_is_odd_about_an_entry_is_noted_and_a_size_that_cannot_be_is_not_believed() {
    let odd = of("app.zip", &zip(&[("a/inner.zip", 10), ("a/b.py", 1), ("c/d.py", 5)])).unwrap();
    assert_eq!((odd.state, odd.notes.len()), ("ok", 1));
    assert!(odd.notes[0].starts_with("1 entries are zips themselves"), "{:?}", odd.notes);
    let names = |name: &str, size: u64, taken: u64, is_link: bool| {
        let words = zip::oddities_of(name, size, taken, is_link).map(zip::Oddity::words);
        words.map(|words| words.split([' ', ',', ';']).take(4).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    for (name, size, taken, is_link, expected) in [
        ("app.py", 10, 12, false, &[][..]),
        ("app.py", 10, 5000, false, &["declare less than they"][..]),
        ("/etc/passwd", 1, 1, false, &["have an absolute name"]),
        ("C:\\x", 1, 1, false, &["have an absolute name"]),
        ("a/../../x", 1, 1, false, &["have `..` in their"]),
        ("a/now", 1, 1, true, &["are symbolic links "]),
    ] {
        assert_eq!(names(name, size, taken, is_link), expected, "{name}");
    }
}
