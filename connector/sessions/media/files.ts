// What a session can do with files.
import type { OutMedia, PicturedPreview } from '../../../shared/model/content.ts'
import type { DownloadMedia, MessageMedia } from '../../../shared/model/media.ts'
import type { Message } from '../../../shared/model/message.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { ReadyMedia } from '../../whatsapp/media-message.ts'

export type SessionMedia = {
  /** The connection to use, or none while there is none. */
  use(connection: Connection | undefined): void
  setPolicy(settings: DownloadMedia | undefined): void
  /** With a time when it is to be fetched by itself, or as it came. */
  planned(media: MessageMedia): MessageMedia
  /** Something may have to be fetched. */
  ring(): void
  /** Fetches now; who asks for the same file waits for the same. Throws problems. */
  fetch(row: Message): Promise<Message>
  /** The file of a message of ours, at WhatsApp and ready to be spoken of. Throws problems. */
  ready(messageId: string, content: OutMedia): Promise<ReadyMedia>
  /** What the page at an address says of itself; `undefined` when it says nothing in time, or must not be asked. */
  preview(url: string): Promise<PicturedPreview | undefined>
  run(): Promise<void>
}
