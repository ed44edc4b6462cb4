package dev.visionllm.checkpoint;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle of a PyTorch state dict. A pickle is a program; this machine knows the
 * instructions and the few names that rebuild tensors, and computes nothing else: any other class,
 * function or instruction is refused by name before anything is made of it.
 */
final class Unpickler {
  /**
   * A storage of numbers in the archive.
   *
   * @param key name of its entry
   * @param numbers how many it holds
   */
  record Storage(Dtype dtype, String key, long numbers) {}

  /**
   * A tensor's view of a storage.
   *
   * @param offset of its first number, in numbers
   * @param strides steps between neighbours, in numbers
   */
  record View(Storage storage, long offset, long[] shape, long[] strides) {}

  /** Every global name that a state dict needs. Storages stand for their number format. */
  private enum Known {
    REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2", null),
    REBUILD_PARAMETER("torch._utils", "_rebuild_parameter", null),
    ORDERED_DICT("collections", "OrderedDict", null),
    DOUBLE("torch", "DoubleStorage", Dtype.F64),
    FLOAT("torch", "FloatStorage", Dtype.F32),
    HALF("torch", "HalfStorage", Dtype.F16),
    BFLOAT16("torch", "BFloat16Storage", Dtype.BF16),
    LONG("torch", "LongStorage", Dtype.I64),
    INT("torch", "IntStorage", Dtype.I32),
    SHORT("torch", "ShortStorage", Dtype.I16),
    CHAR("torch", "CharStorage", Dtype.I8),
    BYTE("torch", "ByteStorage", Dtype.U8),
    BOOL("torch", "BoolStorage", Dtype.BOOL);

    final String module;
    final String name;
    final Dtype dtype; // null for what is no storage

    Known(String module, String name, Dtype dtype) {
      this.module = module;
      this.name = name;
      this.dtype = dtype;
    }
  }

  private record Tuple(List<Object> items) {}

  /** Python's None; null stays a mistake. */
  private static final Object NONE = new Object();

  private static final int LONGEST_TEXT = 1 << 16;

  private final String where;
  private final ByteBuffer in;
  private final Map<Integer, Object> memo = new HashMap<>();
  private final Deque<List<Object>> marked = new ArrayDeque<>();
  private List<Object> stack = new ArrayList<>();
  private int at; // first byte of the current instruction

  private Unpickler(ByteBuffer pickle, String where) {
    in = pickle.order(ByteOrder.LITTLE_ENDIAN);
    this.where = where;
  }

  /**
   * Runs the pickle.
   *
   * @param where names it in errors
   * @return tensors by name, in the pickle's order
   * @throws IllegalArgumentException if it is malformed, or wants anything but tensors
   */
  static Map<String, View> read(ByteBuffer pickle, String where) {
    Unpickler u = new Unpickler(pickle, where);
    try {
      return u.stateDict(u.run());
    } catch (BufferUnderflowException e) {
      throw u.bad("is cut short");
    }
  }

  private Map<String, View> stateDict(Object top) {
    if (!(top instanceof Map<?, ?> map)) {
      throw bad("holds " + kind(top) + ", should be a dict of tensors");
    }
    Map<String, View> out = new LinkedHashMap<>();
    for (Map.Entry<?, ?> e : map.entrySet()) {
      if (!(e.getKey() instanceof String name) || !(e.getValue() instanceof View view)) {
        throw bad(
            "holds "
                + kind(e.getValue())
                + " under "
                + e.getKey()
                + ", should hold tensors under their names: save the model's state_dict()");
      }
      out.put(name, view);
    }
    return out;
  }

  private Object run() {
    while (true) {
      at = in.position();
      int op = in.get() & 0xFF;
      switch (op) {
        case '.' -> {
          return pop();
        }
        case 0x80 -> { // PROTO
          int version = in.get();
          if (version < 2 || version > 5) {
            throw bad("is of pickle protocol " + version + ", should be 2 to 5");
          }
        }
        case 0x95 -> in.getLong(); // FRAME
        case '(' -> {
          marked.push(stack);
          stack = new ArrayList<>();
        }
        case '0' -> pop();
        case 'N' -> push(NONE);
        case 0x88 -> push(Boolean.TRUE);
        case 0x89 -> push(Boolean.FALSE);
        case 'J' -> push((long) in.getInt());
        case 'K' -> push(in.get() & 0xFFL);
        case 'M' -> push(in.getShort() & 0xFFFFL);
        case 0x8a -> push(longOf(in.get() & 0xFF));
        case 'G' -> { // BINFLOAT is big-endian
          push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
        }
        case 'X' -> push(text(in.getInt()));
        case 0x8c -> push(text(in.get() & 0xFF));
        case 0x8d -> push(text(in.getLong()));
        case 'q' -> memo.put(in.get() & 0xFF, top());
        case 'r' -> memo.put(in.getInt(), top());
        case 0x94 -> memo.put(memo.size(), top()); // MEMOIZE
        case 'h' -> push(remembered(in.get() & 0xFF));
        case 'j' -> push(remembered(in.getInt()));
        case ')' -> push(new Tuple(List.of()));
        case 0x85 -> push(tuple(1));
        case 0x86 -> push(tuple(2));
        case 0x87 -> push(tuple(3));
        case 't' -> push(new Tuple(List.copyOf(unmark())));
        case ']' -> push(new ArrayList<>());
        case 'a' -> {
          Object item = pop();
          list().add(item);
        }
        case 'e' -> {
          List<Object> items = unmark();
          list().addAll(items);
        }
        case '}' -> push(new LinkedHashMap<>());
        case 's' -> {
          Object value = pop();
          put(pop(), value);
        }
        case 'u' -> {
          List<Object> items = unmark();
          for (int i = 0; i + 1 < items.size(); i += 2) {
            put(items.get(i), items.get(i + 1));
          }
        }
        case 'c' -> {
          String module = line();
          push(known(module, line()));
        }
        case 0x93 -> { // STACK_GLOBAL
          String name = string(pop());
          push(known(string(pop()), name));
        }
        case 'Q' -> push(storage(pop()));
        case 'R' -> {
          Object arguments = pop();
          push(call(pop(), arguments));
        }
        case 'b' -> attributes(pop());
        default ->
            throw bad("uses " + instruction(op) + ", which rebuilding tensors does not need");
      }
    }
  }

  private Object known(String module, String name) {
    for (Known k : Known.values()) {
      if (k.module.equals(module) && k.name.equals(name)) {
        return k;
      }
    }
    throw bad(
        "asks for "
            + printable(module + "." + name)
            + ", which is no part of a tensor: do not trust this file");
  }

  private Object call(Object what, Object arguments) {
    if (!(what instanceof Known known) || !(arguments instanceof Tuple tuple)) {
      throw bad("calls " + kind(what) + ", should call what rebuilds a tensor");
    }
    List<Object> a = tuple.items();
    return switch (known) {
      case REBUILD_TENSOR -> view(a);
      case REBUILD_PARAMETER -> { // (data, requires_grad, backward_hooks)
        if (a.size() != 3 || !(a.get(0) instanceof View)) {
          throw bad(
              "rebuilds a parameter of " + a.size() + " arguments, should be a tensor and two");
        }
        yield a.get(0);
      }
      case ORDERED_DICT -> {
        if (!a.isEmpty()) {
          throw bad("makes an OrderedDict of " + a.size() + " arguments, should be none");
        }
        yield new LinkedHashMap<>();
      }
      case DOUBLE, FLOAT, HALF, BFLOAT16, LONG, INT, SHORT, CHAR, BYTE, BOOL ->
          throw bad("calls torch." + known.name + ", should read it from the archive");
    };
  }

  /** Arguments (storage, offset, size, stride, requires_grad, backward_hooks[, metadata]). */
  private View view(List<Object> a) {
    if (a.size() < 6 || a.size() > 7 || !(a.get(0) instanceof Storage storage)) {
      throw bad("rebuilds a tensor of " + a.size() + " arguments, should be a storage and 5 or 6");
    }
    View view = new View(storage, number(a.get(1)), numbers(a.get(2)), numbers(a.get(3)));
    if (view.shape.length != view.strides.length) {
      throw bad(
          "rebuilds a tensor of "
              + view.shape.length
              + " sizes and "
              + view.strides.length
              + " strides, should be equally many");
    }
    return view;
  }

  /** A persistent id ('storage', class, key, device, numbers); the device does not matter. */
  private Storage storage(Object id) {
    if (id instanceof Tuple t
        && t.items().size() == 5
        && "storage".equals(t.items().get(0))
        && t.items().get(1) instanceof Known known
        && known.dtype != null) {
      return new Storage(known.dtype, string(t.items().get(2)), number(t.items().get(4)));
    }
    throw bad("refers to something outside that is no storage of the archive");
  }

  /** An OrderedDict's own attributes, such as a state dict's _metadata, say nothing of tensors. */
  private void attributes(Object state) {
    if (!(state instanceof Map) || !(top() instanceof Map)) {
      throw bad("sets the state of " + kind(top()) + ", should be a dict's attributes");
    }
  }

  @SuppressWarnings("unchecked") // only this class makes the maps
  private void put(Object key, Object value) {
    if (!(top() instanceof Map<?, ?> map)) {
      throw bad("sets an item of " + kind(top()) + ", should be of a dict");
    }
    if (!(key instanceof String || key instanceof Long)) {
      throw bad("has " + kind(key) + " as a name, should be a text");
    }
    ((Map<Object, Object>) map).put(key, value);
  }

  @SuppressWarnings("unchecked") // only this class makes the lists
  private List<Object> list() {
    if (!(top() instanceof List<?> list)) {
      throw bad("appends to " + kind(top()) + ", should be a list");
    }
    return (List<Object>) list;
  }

  private Object remembered(int index) {
    Object value = memo.get(index);
    if (value == null) {
      throw bad("takes memo " + index + ", which was never put");
    }
    return value;
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw bad("is malformed: its stack is empty");
    }
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    Object value = top();
    stack.remove(stack.size() - 1);
    return value;
  }

  private List<Object> unmark() {
    if (marked.isEmpty()) {
      throw bad("is malformed: it has no mark");
    }
    List<Object> items = stack;
    stack = marked.pop();
    return items;
  }

  private Tuple tuple(int n) {
    Object[] items = new Object[n];
    for (int i = n - 1; i >= 0; i--) {
      items[i] = pop();
    }
    return new Tuple(List.of(items));
  }

  private long longOf(int bytes) {
    if (bytes > 8) {
      throw bad("holds a number of " + bytes + " bytes, should be at most 8");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (in.get() & 0xFFL) << 8 * i;
    }
    int unused = 64 - 8 * bytes;
    return bytes == 0 ? 0 : value << unused >> unused;
  }

  private String text(long length) {
    if (length < 0 || length > LONGEST_TEXT) {
      throw bad("holds a text of " + length + " bytes, should be at most " + LONGEST_TEXT);
    }
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() {
    StringBuilder out = new StringBuilder();
    for (char c = (char) in.get(); c != '\n'; c = (char) in.get()) {
      if (out.length() == LONGEST_TEXT) {
        throw bad("holds a name without an end");
      }
      out.append(c);
    }
    return out.toString();
  }

  private String string(Object value) {
    if (!(value instanceof String s)) {
      throw bad("has " + kind(value) + " where a text should be");
    }
    return s;
  }

  private long number(Object value) {
    if (!(value instanceof Long n) || n < 0) {
      throw bad("has " + kind(value) + " where a size should be, a whole number from 0");
    }
    return n;
  }

  private long[] numbers(Object value) {
    if (!(value instanceof Tuple t)) {
      throw bad("has " + kind(value) + " where a tuple of sizes should be");
    }
    return t.items().stream().mapToLong(this::number).toArray();
  }

  private static String kind(Object value) {
    if (value instanceof Known k) {
      return k.module + "." + k.name;
    }
    if (value instanceof Long || value instanceof Double || value instanceof Boolean) {
      return "the number " + value;
    }
    return value instanceof String s
        ? "the text '" + printable(s) + "'"
        : value instanceof View
            ? "a tensor"
            : value instanceof Storage
                ? "a storage"
                : value instanceof Map ? "a dict" : value == NONE ? "None" : "a list or tuple";
  }

  private static String instruction(int op) {
    return switch (op) {
      case 'i' -> "instruction INST";
      case 'o' -> "instruction OBJ";
      case 0x81 -> "instruction NEWOBJ";
      case 0x92 -> "instruction NEWOBJ_EX";
      case 0x82, 0x83, 0x84 -> "instruction EXT";
      case 'P' -> "instruction PERSID";
      default -> String.format("instruction 0x%02x", op);
    };
  }

  private static String printable(String name) {
    String plain = name.replaceAll("[^\\x20-\\x7e]", "?");
    return plain.length() <= 80 ? plain : plain.substring(0, 80) + "...";
  }

  private IllegalArgumentException bad(String what) {
    return new IllegalArgumentException(where + " " + what + " (byte " + at + " of its pickle)");
  }
}
