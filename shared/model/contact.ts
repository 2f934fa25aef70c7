// A contact is ONE identity with both its LID and its phone number.

/** The document in `contacts`; `_id` = `sessionId/contactId`; `contactId` is the first jid that was seen. */
export type Contact = {
  _id: string
  sessionId: string
  contactId: string
  jids: string[]
  lid?: string
  phone?: string
  /** As saved in the phone's address book. */
  name?: string
  /** As the contact calls itself. */
  notify?: string
  verifiedName?: string
  /** This account does not hear from it. */
  blocked?: boolean
  /** name, else notify, else verifiedName, lower case; what lists are ordered by. */
  sortName: string
  updatedAt: Date
  /** Absent on rows of earlier versions. */
  createdAt?: Date
}

export function toContactView(contact: Contact) {
  return {
    contactId: contact.contactId,
    sessionId: contact.sessionId,
    jid: contact.phone ? `${contact.phone}@s.whatsapp.net` : contact.contactId,
    lid: contact.lid,
    phone: contact.phone,
    name: contact.name,
    notify: contact.notify,
    verifiedName: contact.verifiedName,
    isBlocked: contact.blocked === true,
    isGroup: false,
  }
}
