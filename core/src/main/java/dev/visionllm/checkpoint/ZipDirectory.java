package dev.visionllm.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the entries of a zip archive lie in its file, which java.util.zip does not tell: read from
 * the central directory, with the 64-bit extension, and checked against each entry's own header.
 *
 * @param entries by name, in the directory's order
 */
record ZipDirectory(Map<String, Entry> entries) {
  /**
   * @param deflated whether the bytes are compressed; otherwise they are the content itself
   * @param from first byte in the file
   * @param stored bytes in the file
   * @param size bytes of the content
   */
  record Entry(String name, boolean deflated, long from, long stored, long size) {}

  private static final int END = 0x06054b50;
  private static final int END_64_LOCATOR = 0x07064b50;
  private static final int END_64 = 0x06064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_BYTES = 20;
  private static final int LONGEST_COMMENT = 0xFFFF;
  private static final long UNSET = 0xFFFFFFFFL;

  /** The directory's own place: its bytes, and how many entries it announces. */
  private record Place(long from, long size, long entries) {}

  static ZipDirectory read(Path file, FileChannel channel) throws IOException {
    Place place = place(file, channel);
    if (place.size > Header.LONGEST || place.from < 0 || place.size < 0) {
      throw bad(file, "its directory says to have " + place.size + " bytes at " + place.from);
    }
    ByteBuffer directory = bytes(file, channel, place.from, (int) place.size);
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (long i = 0; i < place.entries; i++) {
      Entry e = entry(file, channel, directory, place.from);
      if (entries.put(e.name, e) != null) {
        throw bad(file, "holds two entries named " + e.name);
      }
    }
    return new ZipDirectory(Collections.unmodifiableMap(entries));
  }

  private static Place place(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    int tail = (int) Math.min(size, END_BYTES + LONGEST_COMMENT);
    ByteBuffer last = bytes(file, channel, size - tail, tail);
    int at = tail - END_BYTES;
    while (at >= 0
        && (last.getInt(at) != END || (last.getShort(at + 20) & 0xFFFF) != tail - at - END_BYTES)) {
      at--;
    }
    if (at < 0) {
      throw bad(file, "is no zip archive, or only a part of one: it has no end record");
    }
    long end = size - tail + at;
    Place place =
        new Place(
            last.getInt(at + 16) & UNSET,
            last.getInt(at + 12) & UNSET,
            last.getShort(at + 10) & 0xFFFF);
    if (end >= LOCATOR_BYTES) {
      ByteBuffer locator = bytes(file, channel, end - LOCATOR_BYTES, LOCATOR_BYTES);
      if (locator.getInt(0) == END_64_LOCATOR) {
        ByteBuffer end64 = bytes(file, channel, locator.getLong(8), 56);
        if (end64.getInt(0) != END_64) {
          throw bad(file, "is no zip archive, or only a part of one: its 64-bit end record is off");
        }
        end = locator.getLong(8);
        place = new Place(end64.getLong(48), end64.getLong(40), end64.getLong(32));
      }
    }
    if (place.from < 0 || place.size < 0 || place.from > end || place.size > end - place.from) {
      throw bad(file, "is a part of a zip archive: its directory lies outside of it");
    }
    return place;
  }

  private static Entry entry(Path file, FileChannel channel, ByteBuffer d, long end)
      throws IOException {
    if (d.remaining() < 46 || d.getInt(d.position()) != CENTRAL) {
      throw bad(file, "its directory ends before the last entry");
    }
    int at = d.position();
    int flags = d.getShort(at + 8);
    int method = d.getShort(at + 10) & 0xFFFF;
    long stored = d.getInt(at + 20) & UNSET;
    long size = d.getInt(at + 24) & UNSET;
    int nameLength = d.getShort(at + 28) & 0xFFFF;
    int extraLength = d.getShort(at + 30) & 0xFFFF;
    int commentLength = d.getShort(at + 32) & 0xFFFF;
    long local = d.getInt(at + 42) & UNSET;
    if (d.remaining() < 46 + nameLength + extraLength + commentLength) {
      throw bad(file, "its directory ends within an entry");
    }
    byte[] nameBytes = new byte[nameLength];
    d.position(at + 46).get(nameBytes);
    String name = new String(nameBytes, StandardCharsets.UTF_8);
    ByteBuffer extra = extra64(d.slice(d.position(), extraLength));
    d.position(d.position() + extraLength + commentLength);
    size = size == UNSET ? wide(file, name, extra) : size;
    stored = stored == UNSET ? wide(file, name, extra) : stored;
    local = local == UNSET ? wide(file, name, extra) : local;
    if ((flags & 1) != 0 || method != 0 && method != 8) {
      throw bad(
          file, name + " is encrypted or compressed by method " + method + ", should be plain");
    }
    if (local < 0 || local > end - 30) {
      throw bad(file, name + " begins at byte " + local + ", outside of the archive");
    }
    ByteBuffer own = bytes(file, channel, local, 30);
    if (own.getInt(0) != LOCAL) {
      throw bad(file, name + " should begin at byte " + local + ", where no entry begins");
    }
    long from = local + 30 + (own.getShort(26) & 0xFFFF) + (own.getShort(28) & 0xFFFF);
    if (stored < 0 || size < 0 || from > end || stored > end - from) {
      throw bad(file, name + " says to have " + stored + " bytes, which the archive does not hold");
    }
    if (method == 0 && stored != size) {
      throw bad(file, name + " is not compressed but has " + stored + " and " + size + " bytes");
    }
    return new Entry(name, method == 8, from, stored, size);
  }

  /** The 64-bit values among the extra fields. */
  private static ByteBuffer extra64(ByteBuffer extra) {
    extra.order(ByteOrder.LITTLE_ENDIAN);
    while (extra.remaining() >= 4) {
      int kind = extra.getShort();
      int length = Math.min(extra.getShort() & 0xFFFF, extra.remaining());
      if (kind == 1) {
        return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      }
      extra.position(extra.position() + length);
    }
    return ByteBuffer.allocate(0);
  }

  private static long wide(Path file, String name, ByteBuffer extra) {
    if (extra.remaining() < 8) {
      throw bad(file, name + " lacks its 64-bit sizes");
    }
    return extra.getLong();
  }

  /** Bytes of the file. */
  static ByteBuffer bytes(Path file, FileChannel channel, long from, int length)
      throws IOException {
    ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    if (from < 0) {
      throw bad(file, "is a part of a zip archive: a place in it is " + from);
    }
    while (out.hasRemaining()) {
      if (channel.read(out, from + out.position()) < 0) {
        throw new EOFException(file + ": ends at byte " + channel.size());
      }
    }
    return out.flip();
  }

  private static IllegalArgumentException bad(Path file, String what) {
    return new IllegalArgumentException(file + ": " + what);
  }
}
