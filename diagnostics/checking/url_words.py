"""In what words is a bad address told: does the call fail, what is wrong, what to do?"""

from collections.abc import Mapping

from diagnostics.model import Text

TROUBLES: Mapping[str, tuple[bool, Text, Text]] = {
    "url-file-path": (
        True,
        Text(
            en="`{parameter}` is {given}: a file on your own machine, which the provider cannot "
            "read.",
            ru="`{parameter}` = {given}: это файл на вашей машине, провайдер его не прочитает.",
        ),
        Text(
            en="Upload the file and give its public https address.",
            ru="Загрузите файл и укажите его публичный адрес https.",
        ),
    ),
    "url-data": (
        True,
        Text(
            en="`{parameter}` carries the file itself (a data: URL or base64); an address is due.",
            ru="В `{parameter}` передан сам файл (data: или base64), а нужен его адрес.",
        ),
        Text(
            en="Upload the file and give its public https address.",
            ru="Загрузите файл и укажите его публичный адрес https.",
        ),
    ),
    "url-no-scheme": (
        True,
        Text(
            en="`{parameter}` is {given}, which does not start with https://.",
            ru="`{parameter}` = {given}: адрес не начинается с https://.",
        ),
        Text(en="Write https:// before it.", ru="Добавьте https:// в начало."),
    ),
    "url-scheme": (
        True,
        Text(
            en="`{parameter}` is {given}; only http and https addresses can be fetched.",
            ru="`{parameter}` = {given}; загрузить можно только адрес http или https.",
        ),
        Text(en="Give a public https address.", ru="Укажите публичный адрес https."),
    ),
    "url-malformed": (
        True,
        Text(
            en="`{parameter}` is {given}, which is not a URL.",
            ru="`{parameter}` = {given}: это не URL.",
        ),
        Text(
            en="Give an absolute https address.",
            ru="Укажите полный адрес с https.",
        ),
    ),
    "url-space": (
        True,
        Text(
            en="`{parameter}` is {given}: a space, line break or control character stands in it.",
            ru="`{parameter}` = {given}: в адресе есть пробел, перевод строки или управляющий "
            "символ.",
        ),
        Text(
            en="Remove it; inside a file name write %20.",
            ru="Уберите его; в имени файла пишите %20.",
        ),
    ),
    "url-local": (
        True,
        Text(
            en="`{parameter}` is {given}: an address of your own machine or network, which the "
            "provider cannot reach.",
            ru="`{parameter}` = {given}: это адрес вашей машины или внутренней сети, провайдер до "
            "него не дойдёт.",
        ),
        Text(en="Put the file on a public host.", ru="Разместите файл на общедоступном сервере."),
    ),
    "url-reserved": (
        True,
        Text(
            en="`{parameter}` is {given}: no host of that name can exist on the Internet.",
            ru="`{parameter}` = {given}: хоста с таким именем в интернете быть не может.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-placeholder": (
        False,
        Text(
            en="`{parameter}` is {given}: a placeholder as documentation uses it; no file of yours "
            "is there.",
            ru="`{parameter}` = {given}: это адрес-заглушка из документации, вашего файла там нет.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-template": (
        False,
        Text(
            en="`{parameter}` is {given}: a place to be filled seems to be left in it.",
            ru="`{parameter}` = {given}: похоже, в адресе остался незаполненный шаблон.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-credentials": (
        False,
        Text(
            en="`{parameter}` carries a user name or password before its host.",
            ru="В `{parameter}` перед именем хоста стоят логин или пароль.",
        ),
        Text(
            en="Use a signed link instead: this one ends up in other people's logs.",
            ru="Используйте подписанную ссылку: эта попадёт в чужие журналы.",
        ),
    ),
    "url-not-ascii": (
        False,
        Text(
            en="`{parameter}` is {given}: letters beyond ASCII are not percent-encoded.",
            ru="`{parameter}` = {given}: символы вне ASCII не закодированы через %.",
        ),
        Text(en="Percent-encode the path.", ru="Закодируйте путь (percent-encoding)."),
    ),
    "url-viewer": (
        False,
        Text(
            en="`{parameter}` is {given}, which looks like a page for people, not the file itself.",
            ru="`{parameter}` = {given}: похоже на страницу для просмотра, а не на сам файл.",
        ),
        Text(en="Give a direct link to the file.", ru="Укажите прямую ссылку на файл."),
    ),
    "webhook-http": (
        False,
        Text(
            en="`{parameter}` is {given}: a callback over plain http can be read on its way.",
            ru="`{parameter}` = {given}: обратный вызов по http могут прочитать по пути.",
        ),
        Text(en="Give an https address.", ru="Укажите адрес https."),
    ),
    "webhook-local": (
        False,
        Text(
            en="`{parameter}` is {given}: the provider cannot reach that host, so no callback will "
            "ever come.",
            ru="`{parameter}` = {given}: провайдер до этого хоста не дойдёт, обратного вызова не "
            "будет.",
        ),
        Text(
            en="Give a public https address, or leave it out and poll.",
            ru="Укажите публичный адрес https или уберите параметр и опрашивайте статус.",
        ),
    ),
    "webhook-url-placeholder": (
        False,
        Text(
            en="`{parameter}` is {given}: a placeholder as documentation uses it; no callback will "
            "reach you there.",
            ru="`{parameter}` = {given}: это адрес-заглушка из документации, обратный вызов до вас "
            "не дойдёт.",
        ),
        Text(
            en="Give your own public https address, or leave it out and poll.",
            ru="Укажите свой публичный адрес https или уберите параметр и опрашивайте статус.",
        ),
    ),
    "webhook-url-file-path": (
        True,
        Text(
            en="`{parameter}` is {given}: a path, not an address that can be called.",
            ru="`{parameter}` = {given}: это путь, а не адрес, по которому можно обратиться.",
        ),
        Text(
            en="Give a public https address, or leave it out and poll.",
            ru="Укажите публичный адрес https или уберите параметр и опрашивайте статус.",
        ),
    ),
}
"""By kind: whether the call fails of it, what is wrong, what to do."""
