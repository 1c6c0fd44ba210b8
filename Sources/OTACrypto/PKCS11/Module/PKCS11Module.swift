import CP11Kit
import Glibc
import Synchronization

/// A module that is loaded and started: one for each file, for as long as somebody uses it.
///
/// A module has one state for the whole process. Whoever started it ends it; a module that the program around has
/// started already is left running.
final class PKCS11Module: Sendable {
  private struct Loaded {
    var users: Int
    var library: UInt
    var functions: UInt
    var wasStarted: Bool
  }

  // Loading and unloading are rare, and must not meet.
  private static let loaded = Mutex<[String: Loaded]>([:])

  /// The proxy of p11-kit, found where the system keeps its libraries.
  static let proxy = "p11-kit-proxy.so"

  private let path: String
  private let address: UInt

  /// Loads a module, or joins those who use it.
  ///
  /// - Throws: ``PKCS11Error/moduleUnavailable``.
  init(path: String) throws(PKCS11Error) {
    self.path = path
    address = try PKCS11Module.loaded.withLock { (loaded) throws(PKCS11Error) in
      if var known = loaded[path] {
        known.users += 1
        loaded[path] = known
        return known.functions
      }
      let new = try PKCS11Module.load(path)
      loaded[path] = new
      return new.functions
    }
  }

  deinit {
    PKCS11Module.loaded.withLock { loaded in
      guard var known = loaded[path] else { return }
      known.users -= 1
      guard known.users == 0 else {
        loaded[path] = known
        return
      }
      loaded[path] = nil
      if known.wasStarted, let functions = unsafe PKCS11Module.functions(at: known.functions) {
        _ = unsafe functions.pointee.C_Finalize?(nil)
      }
      if let library = unsafe UnsafeMutableRawPointer(bitPattern: known.library) { unsafe dlclose(library) }
    }
  }

  /// The functions of the module.
  var functions: UnsafeMutablePointer<ck_function_list>? { unsafe PKCS11Module.functions(at: address) }

  private static func functions(at address: UInt) -> UnsafeMutablePointer<ck_function_list>? {
    unsafe UnsafeMutablePointer(bitPattern: address)
  }

  private static func load(_ path: String) throws(PKCS11Error) -> Loaded {
    guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else { throw .moduleUnavailable }
    typealias GetFunctionList =
      @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<ck_function_list>?>?) -> UInt
    guard let symbol = unsafe dlsym(library, "C_GetFunctionList") else {
      unsafe dlclose(library)
      throw .moduleUnavailable
    }
    var list: UnsafeMutablePointer<ck_function_list>?
    let status = unsafe unsafeBitCast(symbol, to: GetFunctionList.self)(&list)
    guard status == CKR_OK, let list = unsafe list, let start = unsafe list.pointee.C_Initialize else {
      unsafe dlclose(library)
      throw .moduleUnavailable
    }
    // Several sessions of one module may be asked at once, each by its own queue.
    var arguments = unsafe ck_c_initialize_args()
    unsafe arguments.flags = CKF_OS_LOCKING_OK
    let started = unsafe start(&arguments)
    guard started == CKR_OK || started == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
      unsafe dlclose(library)
      throw .moduleUnavailable
    }
    return Loaded(
      users: 1, library: UInt(bitPattern: library), functions: UInt(bitPattern: list),
      wasStarted: started == CKR_OK)
  }
}
