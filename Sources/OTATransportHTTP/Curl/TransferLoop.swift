import CCurl
import COTACurlShims
import Foundation
import OTACore
import Synchronization

/// The network thread of a transport: all handles of libcurl live and die on it.
///
/// The thread ends when the last reference to the loop is dropped; transfers that are still running then fail.
final class TransferLoop: Sendable {
  private let mailbox = Mailbox()

  init() {
    let mailbox = mailbox
    let thread = Thread { NetworkThread(mailbox).run() }
    thread.name = "ota-http"
    thread.start()
  }

  deinit {
    mailbox.post(.stop)
  }

  func start(_ transfer: Transfer) { mailbox.post(.start(transfer)) }
  func resume(_ transfer: Transfer) { mailbox.post(.resume(transfer)) }
  func remove(_ transfer: Transfer) { mailbox.post(.remove(transfer)) }
}

/// What the network thread is asked to do.
private enum Command: Sendable {
  case start(Transfer)
  case resume(Transfer)
  case remove(Transfer)
  case stop
}

/// Commands to the network thread, in order.
private final class Mailbox: Sendable {
  private struct Contents {
    var commands: [Command] = []
    /// The address of the thread's multi handle while it exists: waking it is the one use that any thread may make.
    var multi: UInt?
  }

  private let contents = Mutex(Contents())

  func post(_ command: Command) {
    contents.withLock { contents in
      contents.commands.append(command)
      // Under the lock: so the handle cannot be freed in between.
      if let address = contents.multi, let multi = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        _ = unsafe curl_multi_wakeup(multi)
      }
    }
  }

  func setWakeUp(_ address: UInt?) {
    contents.withLock { $0.multi = address }
  }

  func take() -> [Command] {
    contents.withLock { contents in
      var commands: [Command] = []
      swap(&commands, &contents.commands)
      return commands
    }
  }
}

/// The thread's own state; never leaves it.
@safe private final class NetworkThread {
  private let mailbox: Mailbox
  private let multi: UnsafeMutableRawPointer?
  private var active: [ObjectIdentifier: EasyHandle] = [:]

  init(_ mailbox: Mailbox) {
    self.mailbox = mailbox
    unsafe multi = CurlLibrary.isReady ? curl_multi_init() : nil
  }

  func run() {
    ota_curl_block_sigpipe()
    unsafe mailbox.setWakeUp(multi.map { UInt(bitPattern: $0) })
    var isRunning = true
    while isRunning {
      for command in mailbox.take() {
        switch command {
        case .start(let transfer): start(transfer)
        case .resume(let transfer): active[ObjectIdentifier(transfer)]?.resume()
        case .remove(let transfer): remove(transfer)
        case .stop: isRunning = false
        }
      }
      if isRunning { work() }
    }
    mailbox.setWakeUp(nil)
    for handle in active.values { detach(handle) }
    active = [:]
    if let multi = unsafe multi { _ = unsafe curl_multi_cleanup(multi) }
  }

  /// Moves bytes, then waits for the network, a timer of libcurl or a command.
  private func work() {
    guard let multi = unsafe multi else {
      // Only without memory; each transfer has failed at its start, and the next command is waited for.
      Thread.sleep(forTimeInterval: 0.1)
      return
    }
    var running: Int32 = 0
    _ = unsafe curl_multi_perform(multi, &running)
    var remaining: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &remaining) {
      guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
      let status = unsafe message.pointee.data.result
      let pointer = unsafe message.pointee.easy_handle
      guard let handle = active.values.first(where: { unsafe $0.pointer == pointer }) else { continue }
      active[ObjectIdentifier(handle.transfer)] = nil
      handle.transfer.finish(TransportError(status))
      detach(handle)
    }
    _ = unsafe curl_multi_poll(multi, nil, 0, 1000, nil)
  }

  private func start(_ transfer: Transfer) {
    guard let multi = unsafe multi else { return transfer.finish(.unreachable) }
    do throws(TransportError) {
      let handle = try EasyHandle(transfer)
      guard unsafe curl_multi_add_handle(multi, handle.pointer) == CURLM_OK else { throw .unreachable }
      active[ObjectIdentifier(transfer)] = handle
    } catch {
      transfer.finish(error)
    }
  }

  private func remove(_ transfer: Transfer) {
    guard let handle = active.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
    detach(handle)
  }

  private func detach(_ handle: EasyHandle) {
    if let multi = unsafe multi { _ = unsafe curl_multi_remove_handle(multi, handle.pointer) }
    handle.transfer.finish(.interrupted)
  }
}
