"""Holds the program of the function against Lambda's limits and our own: `python3 benches/api_size.py target/lambda/onestep-api/bootstrap`."""

import io
import pathlib
import sys
import zipfile

MIB = 1024 * 1024
# Lambda's are 52,428,800 bytes zipped for a direct upload and 262,144,000 bytes unpacked; the original unpacked to 302,633,385.
LIMITS = {"zipped": (50 * MIB, 15_000_000), "unpacked": (250 * MIB, 15_000_000)}


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    program = pathlib.Path(sys.argv[1]).read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("bootstrap", program)
    sizes = {"zipped": len(archive.getvalue()), "unpacked": len(program)}
    too_large = False
    for what, size in sizes.items():
        lambdas, ours = LIMITS[what]
        too_large |= size > min(lambdas, ours)
        print(f"{what}: {size:,} bytes; Lambda's limit {lambdas:,} ({size / lambdas:.1%}), ours {ours:,} ({size / ours:.1%})")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
