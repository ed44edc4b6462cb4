package dev.visionllm.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The checked header of a safetensors file: every byte behind it belongs to exactly one tensor.
 *
 * @param fileSize bytes of the whole file
 * @param entries by name, in the order of their bytes
 * @param metadata free texts
 */
record Header(long fileSize, Map<String, SafeTensors.Entry> entries, Map<String, String> metadata) {
  /** Longest header that the format's own implementation accepts, bytes. */
  static final long LONGEST = 100_000_000;

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  static Header read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 10) {
        throw bad(file, "is no safetensors file: it has " + size + " bytes, the shortest has 10");
      }
      long length = bytes(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 2 || length > size - 8) {
        throw bad(
            file,
            "is no safetensors file, or only a part of one: its header should have "
                + Long.toUnsignedString(length)
                + " bytes, the file has "
                + size);
      }
      if (length > LONGEST) {
        throw bad(file, "its header has " + length + " bytes, should have at most " + LONGEST);
      }
      JsonNode root = json(file, bytes(channel, 8, (int) length));
      Map<String, String> metadata = new LinkedHashMap<>();
      List<SafeTensors.Entry> entries = new ArrayList<>();
      for (Map.Entry<String, JsonNode> f : root.properties()) {
        if (f.getKey().equals("__metadata__")) {
          metadata(file, f.getValue(), metadata);
        } else {
          entries.add(entry(file, f.getKey(), f.getValue(), 8 + length));
        }
      }
      entries.sort(
          Comparator.comparingLong(SafeTensors.Entry::from)
              .thenComparingLong(SafeTensors.Entry::to));
      seamless(file, entries, 8 + length, size);
      Map<String, SafeTensors.Entry> byName = new LinkedHashMap<>();
      entries.forEach(e -> byName.put(e.name(), e));
      return new Header(
          size, Collections.unmodifiableMap(byName), Collections.unmodifiableMap(metadata));
    }
  }

  private static JsonNode json(Path file, ByteBuffer text) {
    JsonNode root;
    try {
      root = JSON.readTree(StandardCharsets.UTF_8.newDecoder().decode(text).toString());
    } catch (CharacterCodingException e) {
      throw bad(file, "its header is not UTF-8 text");
    } catch (JacksonException e) {
      throw bad(
          file, "its header is not valid JSON: " + e.getOriginalMessage().replaceAll("\\s+", " "));
    }
    if (!root.isObject()) {
      throw bad(
          file,
          "its header is a JSON "
              + root.getNodeType().toString().toLowerCase(java.util.Locale.ROOT)
              + ", should be an object");
    }
    return root;
  }

  private static void metadata(Path file, JsonNode node, Map<String, String> to) {
    if (!node.isObject()) {
      throw bad(file, "__metadata__ should be an object of texts");
    }
    for (Map.Entry<String, JsonNode> f : node.properties()) {
      if (!f.getValue().isString()) {
        throw bad(file, "__metadata__ " + f.getKey() + " should be a text");
      }
      to.put(f.getKey(), f.getValue().asString());
    }
  }

  private static SafeTensors.Entry entry(Path file, String name, JsonNode n, long start) {
    if (!n.isObject()) {
      throw bad(file, name + " should be an object with dtype, shape and data_offsets");
    }
    for (String field : List.of("dtype", "shape", "data_offsets")) {
      if (!n.has(field)) {
        throw bad(file, name + " has no " + field);
      }
    }
    Dtype dtype = n.get("dtype").isString() ? Dtype.named(n.get("dtype").asString()) : null;
    if (dtype == null) {
      throw bad(
          file,
          name
              + " has dtype "
              + n.get("dtype")
              + ", should be one of "
              + Arrays.toString(Dtype.values()));
    }
    long[] shape = sizes(file, name, "shape", n.get("shape"));
    long[] offsets = sizes(file, name, "data_offsets", n.get("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw bad(
          file,
          name
              + " has data_offsets "
              + Arrays.toString(offsets)
              + ", should be a start and an end that is not before it");
    }
    long needed;
    try {
      needed = dtype.bytes;
      for (long s : shape) {
        needed = Math.multiplyExact(needed, s);
      }
      Math.addExact(start, offsets[1]);
    } catch (ArithmeticException e) {
      throw bad(
          file, name + " of shape " + Arrays.toString(shape) + " is larger than any file can be");
    }
    if (offsets[1] - offsets[0] != needed) {
      throw bad(
          file,
          name
              + " has "
              + (offsets[1] - offsets[0])
              + " bytes, its shape "
              + Arrays.toString(shape)
              + " in "
              + dtype
              + " needs "
              + needed);
    }
    return new SafeTensors.Entry(name, dtype.name(), shape, start + offsets[0], start + offsets[1]);
  }

  private static long[] sizes(Path file, String name, String field, JsonNode n) {
    if (!n.isArray()) {
      throw bad(file, name + " has " + field + " " + n + ", should be a list of whole numbers");
    }
    long[] out = new long[n.size()];
    for (int i = 0; i < out.length; i++) {
      JsonNode x = n.get(i);
      if (!x.isIntegralNumber() || !x.canConvertToLong() || x.asLong() < 0) {
        throw bad(
            file,
            name + " has " + field + " " + n + ", should hold whole numbers from 0 to 2^63 - 1");
      }
      out[i] = x.asLong();
    }
    return out;
  }

  /** No overlap, no gap, nothing missing, nothing left over. */
  private static void seamless(Path file, List<SafeTensors.Entry> entries, long start, long size) {
    long end = start;
    String before = "the header";
    for (SafeTensors.Entry e : entries) {
      if (e.from() < end) {
        throw bad(file, e.name() + " overlaps " + before + " by " + (end - e.from()) + " bytes");
      }
      if (e.from() > end) {
        throw bad(
            file,
            "between "
                + before
                + " and "
                + e.name()
                + " are "
                + (e.from() - end)
                + " bytes of no tensor");
      }
      end = e.to();
      before = e.name();
    }
    if (end > size) {
      throw bad(
          file,
          "is cut short: it has "
              + size
              + " bytes, "
              + before
              + " ends at byte "
              + end
              + "; get the file again");
    }
    if (end < size) {
      throw bad(file, "has " + (size - end) + " bytes of no tensor behind " + before);
    }
  }

  private static ByteBuffer bytes(FileChannel channel, long from, int n) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(n);
    while (out.hasRemaining()) {
      if (channel.read(out, from + out.position()) < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
    return out.flip();
  }

  private static IllegalArgumentException bad(Path file, String what) {
    return new IllegalArgumentException(file + ": " + what);
  }
}
