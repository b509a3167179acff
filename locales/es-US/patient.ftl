# Lo que lee el paciente: pocas palabras, sencillas, de usted, con calidez, en los tiempos en que la gente habla.
# Sin entusiasmo fingido, sin tecnicismos, sin signos de exclamación. Quien lee puede tener miedo y sentirse lejos.

## La llamada

call-band-idle = Llamar a alguien
call-button = Llamar
call-placed = Llamando.
call-received = Su llamada llegó a la estación del personal.
call-on-the-way = Quien le atiende viene a verle.
call-on-the-way-named = { $name } viene a verle.
call-here = Quien le atiende está con usted.
call-here-named = { $name } ya está aquí.
call-reasons = Puede tocar el motivo. No hace falta.
reason-bathroom = Baño
reason-sick = Tengo náuseas
reason-pain = Algo me duele
reason-temperature = Frío o calor
reason-sound-or-light = Sonido o luz
reason-company = Quédese aquí
call-line-down = No logro avisar al personal. Oprima el botón de la pared o llame en voz alta.
call-keeps-trying = Voy a seguir tratando de avisarles.
call-practice = Práctica
call-practice-coming = En una llamada de verdad, alguien vendría ahora.
dark-panel = Toque aquí otra vez para llamar
dark-leave = Mostrar la pantalla

## Lista

ready-begin = Cuando usted quiera, toque para empezar.
ready-fresh = Esta sala está limpia. Aquí no queda nada de otra visita.

## En muchas pantallas

next = Siguiente
back = Atrás
skip = Saltar
done = Listo
notice-staff-speak = Quien le atiende le está hablando.
notice-call-cleared = Qué bueno que llamó.
breath-in = Tome aire
breath-out = Suelte el aire

## La llegada

arrive-language-title = Elija su idioma

arrive-welcome-title = Le damos la bienvenida
arrive-welcome-text = Esta pantalla le acompaña. Pone música, muestra un lugar tranquilo y llama a alguien cuando usted lo pide. Puede saltarse lo que quiera, y no hay nada que pueda salirle mal.

arrive-skip-all = Saltar todo

comfort-title = A su gusto
comfort-text = Si vino con alguien, esa persona puede hacerlo por usted.
comfort-hand = ¿Qué mano tiene libre?
hand-left = La izquierda
hand-right = La derecha
comfort-type = ¿De qué tamaño quiere las letras?
type-normal = Así
type-larger = Más grandes

arrive-expect-title = Qué puede pasar
arrive-expect-1-title = Los pensamientos se sueltan
arrive-expect-1-text = Las ideas que dan vueltas pueden soltarse.
arrive-expect-2-title = Pueden abrirse caminos
arrive-expect-2-text = En los días que siguen, los pasos pequeños pueden ser más fáciles.
arrive-expect-3-title = Va a pasar
arrive-expect-3-text = Puede que vea doble, o se sienta lejos. Se va solo.

arrive-questions-title = Solo si quiere
arrive-question-1 =
    ¿Qué me trajo a este tratamiento?
    ¿Por qué estoy aquí?
arrive-question-2 =
    ¿Qué me gustaría mover o cambiar en mi vida?
    ¿Dónde siento que no avanzo?
arrive-question-3 = ¿Qué necesita y qué quiere mi mejor versión?
arrive-question-1-title = ¿Qué le trae aquí?
arrive-question-2-title = ¿Qué le gustaría cambiar?
arrive-question-3-title = ¿Qué necesita su mejor versión?

arrive-clinician-title = Algo que quiero que sepa quien me atiende
arrive-clinician-text = Una esperanza, un temor, una pregunta. Nadie más lo ve, a menos que usted oprima Compartir.
arrive-shared = Ya lo puede leer quien le atiende
arrive-share = Compartir
arrive-unshare = Dejar de compartir

arrive-place-title = ¿Dónde le gustaría estar?
arrive-sound-title = ¿Qué le gustaría oír?

arrive-breath-title = Respire con este lugar
arrive-breath-text = Tome aire cuando el círculo crece y suéltelo cuando se hace pequeño. O siga su propio ritmo.

arrive-call-title = Pruebe la llamada
arrive-call-text = Así se llama a alguien. Toque ahora la llamada y vea que funciona. Es solo una práctica, y el personal lo sabe.
arrive-call-waiting = Su llamada de práctica va en camino.
arrive-call-reached = Funciona. En su sesión, se llama desde abajo en la pantalla.
arrive-call-answered = Funciona. Alguien ya contestó.
arrive-call-no-desk = Ahora no logro avisar al personal. Dígaselo a quien le atiende. Si necesita a alguien, oprima el botón de la pared o llame en voz alta.
arrive-call-done = Así puede llamar en cualquier momento.

arrive-dark-text = Puede dejar la pantalla a oscuras, y también así llamar. Toque una vez donde sea y luego toque en el medio.
arrive-dark-try = Probar a oscuras

arrive-waiting-title = Todo está listo
arrive-waiting-text = Quien le atiende empezará cuando sea el momento. Usted no tiene que hacer nada. Ya puede descansar.

## Lugares

place-beach = Playa
place-forest = Bosque
place-quiet-room = Cuarto tranquilo
place-night-sky = Cielo de noche
place-mountain-lake = Lago de montaña
place-drifting-colour = Colores que flotan
place-pictures = Imágenes
place-dark = Oscuridad

hear-music = Música
hear-sea = El mar
hear-rain = La lluvia
hear-rain-thunder = Lluvia y truenos lejanos
hear-wind = Viento en las hojas
hear-stream = Un arroyo
hear-fire = Un fuego
hear-crickets = Grillos en la noche
hear-night-forest = Bosque de noche
hear-snow = La calma de la nieve
hear-brown = Un murmullo suave
hear-silence = Silencio

## La sesión

session-breathe = Respirar
session-silence = Ahora hay silencio.
session-place = Lugar
session-sound = Sonido
session-dark = A oscuras
session-anchor = Demasiado
anchor-line-1 = Es la medicina. Va a pasar.
anchor-line-2 = Aquí está a salvo.
anchor-line-3 = Suelte el aire despacio.
anchor-line-4 = Puede llamar a alguien en cualquier momento.
where-settle = Usted está en la sala de infusión. No tiene que hacer nada. Siempre puede llamar.
where-onset = Está en la sala de infusión. La medicina empieza a hacer efecto, y va a pasar.
where-peak = Está en la sala de infusión. Es la parte más fuerte. Desde aquí se va aligerando.
where-return = Está en la sala de infusión. Lo más fuerte ya pasó. Unos { $minutes } minutos más.
where-landing = Está en la sala de infusión y ya casi de vuelta. Unos { $minutes } minutos más.
where-landed = Está en la sala de infusión. La medicina ya hizo su trabajo. Puede descansar.
anchor-done = Volver
sound-softer = Más suave
sound-louder = Más fuerte
sound-skip = Otra música
sound-silence = Silencio
sound-return = Que vuelva el sonido
sound-level = El sonido: { $level }
volume-1 = Muy bajito
volume-2 = Bajito
volume-3 = Medio
volume-4 = Más fuerte
volume-5 = Fuerte
session-word-1 = Deje que venga.
session-word-2 = No hay nada que hacer.
session-word-3 = No tiene que tener sentido.
session-word-4 = Puede soltar.
session-word-5 = Esto va a pasar.
session-word-6 = Su respiración sabe el camino.
session-word-7 = Afloje las manos.
session-word-8 = Deje que pase por usted.
session-word-9 = Lo que venga, que venga.
session-word-10 = El suelo le sostiene.
session-word-11 = Trate con cariño lo que encuentre.
session-word-12 = Usted volverá a su propio ritmo.
session-paused = Descansemos aquí un momento. Usted no tiene que hacer nada.
landing-ready = Quiero seguir
session-note-damaged = Una parte de lo que escribió no volvió. Lo demás está aquí.
session-restored = Se fue la luz. Seguimos donde estábamos, pero lo que escribió antes se perdió.

## Después

after-title = Tómese su tiempo
after-text = No hay prisa por sentirse como siempre. Si algo sigue con usted, puede dejarlo aquí antes de que se borre.
after-write = Escribirlo
after-draw = Dibujarlo
after-cards = Para los días que vienen
after-take = Llevármelo a casa
after-leave = Ya terminé aquí
note-prompt-emotions = ¿Qué siente?
note-prompt-memories = ¿Qué recuerdos volvieron?
note-prompt-images = ¿Qué vio?
note-prompt-word = Una palabra basta.
note-prompts = Una emoción, un recuerdo, una imagen. Una palabra, un color. O nada.
note-feelings = Emociones
note-before = Antes
note-draw = Dibujar
note-write = Escribir
feeling-1 = calma
feeling-2 = tristeza
feeling-3 = ligereza
feeling-4 = peso
feeling-5 = calor
feeling-6 = frío
feeling-7 = miedo
feeling-8 = ternura
feeling-9 = cansancio
feeling-10 = libertad
feeling-11 = soledad
feeling-12 = amor
draw-clear = Borrar todo
draw-hint = Un color, una forma, una línea. No tiene que parecerse a nada.
note-new-page = Otra página
note-page-back = Página anterior
note-page-next = Página siguiente
note-nearly-full = Esta página está casi llena.
note-full = Esta página está llena. Puede seguir en otra.
note-pages-full = Todas las páginas están llenas. Todo lo que hay en ellas está guardado.
note-intentions-title = Lo que escribió antes
note-empty-intention = Esta la dejó abierta.
key-shift = Mayús
key-delete = Borrar
key-space = Espacio
key-return = Intro
key-symbols = 123
key-letters = ABC
key-undo = Deshacer
after-card-1-title = Deje que repose
after-card-1-text = Lo que surgió puede cobrar sentido poco a poco, o nunca. Hable pronto con alguien de confianza, como su terapeuta. Lo que escribió puede ayudar.
after-card-2-title = Trátese con cariño
after-card-2-text = Puede que hoy esté más sensible, con cansancio o con la mente lenta. Está bien. Háblese como le habla a una persona querida.
after-card-3-title = Busque la calma
after-card-3-text = El ruido, la gente y las pantallas pueden ser mucho por hoy. Descanse, coma algo ligero y deje que otra persona maneje.
after-card-4-title = Los días que vienen
after-card-4-text = Cuéntele a su clínica cómo siguen los días y no falte a su próxima visita. Si le llegan pensamientos oscuros, llame a su clínica, o al 988 a cualquier hora (oprima 2). También puede mandar la palabra AYUDA al 988.
card-scan = Para la cámara de su teléfono
take-title = Llévelo a casa
take-question = ¿Cómo quiere llevarlo?
take-phone = En mi teléfono
take-paper = En papel
take-sealed = A mi terapeuta
take-photo = Tomarle una foto
take-photo-hint = Llena la pantalla para su cámara.
take-photo-next = Otro dibujo
take-taken = Ya lo tiene
take-phone-hint = Usted lee un código con su cámara.
take-paper-hint = Se imprimirá aquí en la clínica.
take-sealed-hint = Se cerrará con llave, para que solo su terapeuta pueda abrirlo.
take-words-only = Sus palabras caben en un código. Un dibujo se lleva como foto.
take-paper-title = En papel
take-paper-going = Se está imprimiendo. Puede quedarse aquí o seguir.
take-paper-done = Está impreso. La impresora no guarda copia. Pida a alguien que se lo traiga, boca abajo.
take-sealed-title = A mi terapeuta
take-sealed-going = Se está cerrando para su terapeuta. Esto toma un momento.
take-sealed-done = Está cerrado y guardado. Solo su terapeuta puede abrirlo. Su nombre termina en
take-again = Otra vez
take-try-again = Intentar de nuevo
take-other-way = De otra manera
take-fault-printer-away = No encuentro la impresora. No se imprimió nada. Puede llevarlo de otra manera, o pedir ayuda aquí.
take-fault-printer-stopped = La impresora se detuvo. Tal vez le falte papel. Retiré su nota, así que no queda nada allí. Pida ayuda, o llévela de otra manera.
take-fault-stick-missing = Aún no hay una memoria USB aquí. Pida a alguien que ponga una. Luego intente de nuevo.
take-fault-place-unwritable = No pude guardarlo. Si había una memoria USB, tal vez la sacaron. Aquí no se perdió nada.
take-fault-place-full = No queda espacio donde debe guardarse. Pida ayuda aquí. No se perdió nada.
take-fault-not-made = Eso no funcionó. Su nota sigue aquí. Puede llevarla de otra manera, o pedir ayuda.
take-qr-text = Apunte la cámara de su teléfono al cuadro. Toque lo que aparezca y elija copiar. De aquí no se envía nada.
take-qr-search = Algunos teléfonos ofrecen buscar sus palabras en internet. Elija copiar, y se quedan con usted.
take-qr-page = Parte { $index } de { $of }
take-next-code = Siguiente parte
take-empty = Todavía no hay nada para llevar. ¿Quiere escribir o dibujar algo antes?
paper-title = Lo que surgió
paper-sheet = { $sheet } de { $of }
paper-date = { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }
take-leave-ask = Lo que hizo aquí se borrará cuando usted se vaya. ¿Quiere llevárselo antes?
take-leave-yes = No, gracias
take-leave-back = Llevármelo

## La despedida

farewell-title = Vaya con calma
farewell-text = Quédese en su asiento hasta que alguien le ayude a levantarse. No hay prisa. Lo que hizo aquí se borra cuando usted se va, para que siga siendo privado.
